//! Whatever configuration lies about, requests reach the policy's registry alone, and secrets reach nothing.

use std::path::Path;

use fs_err as fs;
use ktx_fixtures::registry_proxy::{Answer, Fault, Proxy, Request};
use ktx_policy::RegistryUrl;
use ktx_policy::guard::TrustDowngrade;
use ktx_publish::publication::PublishResult;
use ktx_publish::tag_move::{PromoteOptions, RollbackOptions, promote, rollback};
use ktx_publish::{Environment, PublishError};
use serde_json::json;

use super::support::{LocalRegistry, Quiet, Release, make_executable, tags};

const CANARY: &str = "canary-secret-7c1e";

#[test]
fn no_configuration_redirects_a_request() {
    let registry = LocalRegistry::start();
    let canary = Proxy::canary();
    let release = Release::new("0.1.0", &registry, registry.url()).accepting_first_latest();
    let elsewhere = canary.url::<RegistryUrl>();
    release.append_to_npmrc(&format!(
        "registry={elsewhere}\n@kaelio:registry={elsewhere}\n{}:_authToken=stolen\ndry-run=true\ntag=stolen\nforce=true\n",
        elsewhere.as_str().trim_start_matches("http:")
    ));
    let mut environment = release.environment.clone();
    for name in [
        "npm_config_registry",
        "NPM_CONFIG_REGISTRY",
        "npm_config_@kaelio:registry",
        "NPM_CONFIG_REPLACE_REGISTRY_HOST",
    ] {
        environment.insert(name.to_owned(), elsewhere.to_string());
    }
    // The work itself runs where a project's own configuration lies.
    fs::write(release.path(".npmrc"), format!("registry={elsewhere}\n")).unwrap();
    let plan = super::support::release::plan(&release.options, &environment).unwrap();
    assert_eq!(
        plan.execute(&Quiet::default()).unwrap().result,
        PublishResult::Published
    );
    assert_eq!(tags(&registry.url()), "latest=0.1.0 next=0.1.0");

    let stable = Release::new("0.2.0", &registry, registry.url());
    stable.publish().unwrap();
    stable.prove_published();
    let promotion = PromoteOptions {
        from: "next".into(),
        to: "latest".into(),
        trust_downgrade: TrustDowngrade::Refused,
    };
    let plan = promote(
        &stable.move_options(),
        &promotion,
        &environment,
        &Quiet::default(),
    )
    .unwrap();
    plan.execute(&Quiet::default()).unwrap();
    assert_eq!(tags(&registry.url()), "latest=0.2.0 next=0.2.0");

    let back = RollbackOptions {
        tag: "latest".into(),
        from: None,
        to: None,
        confirmed: None,
    };
    let plan = rollback(&stable.move_options(), &back, &environment, &Quiet::default()).unwrap();
    plan.execute(&Quiet::default()).unwrap();
    assert_eq!(tags(&registry.url()), "latest=0.1.0 next=0.2.0");
    assert_eq!(canary.requests(), Vec::<String>::new());
}

#[test]
#[cfg(target_os = "linux")]
fn no_path_of_this_machine_reaches_the_registry() {
    let registry = LocalRegistry::start();
    let release = Release::new("0.1.0", &registry, registry.url());
    release.publish().unwrap();
    let address = format!("{}@kaelio%2fktx", registry.url());
    let mut answer = ureq::get(&address).call().unwrap();
    let packument: serde_json::Value = answer.body_mut().read_json().unwrap();
    let published = &packument["versions"]["0.1.0"];
    assert_eq!(published["_resolved"], "/proc/self/cwd/kaelio-ktx-0.1.0.tgz");
    let text = packument.to_string();
    for path in [std::env::temp_dir(), release.folder().to_owned()] {
        assert!(!text.contains(&path.display().to_string()), "{text}");
    }
}

#[test]
#[cfg(unix)]
fn the_private_copy_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let npm = ktx_publish::npm::Npm::new(&Environment::new()).unwrap();
    let path = npm.hand_over("kaelio-ktx.tgz", b"bytes").unwrap();
    assert!(path.is_absolute(), "{}", path.display());
    let mode = fs::metadata(npm.folder()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(fs::read(npm.folder().join("kaelio-ktx.tgz")).unwrap(), b"bytes");
}

#[test]
fn a_package_that_tells_npm_where_to_go_is_refused() {
    let registry = LocalRegistry::start();
    let canary = Proxy::canary();
    let release = Release::new("0.1.0", &registry, registry.url());
    let with = |config: serde_json::Value| {
        release.build(&json!({"name": "@kaelio/ktx", "version": "0.1.0", "publishConfig": config}));
        release.prove();
        release.publish()
    };
    for config in [
        json!({"registry": canary.url::<RegistryUrl>()}),
        json!({"tag": "latest"}),
        json!({"@kaelio:registry": canary.url::<RegistryUrl>()}),
        json!({"access": "public", "tag": "next"}),
        json!({"dryRun": true}),
    ] {
        let error = with(config.clone()).unwrap_err();
        assert!(
            matches!(
                error,
                PublishError::Forbidden {
                    code: "publish-config",
                    ..
                }
            ),
            "{config}: {error}"
        );
    }
    assert_eq!(
        with(json!({"access": "public"})).unwrap().result,
        PublishResult::Published
    );
    assert_eq!(canary.requests(), Vec::<String>::new());
}

#[test]
fn without_a_registry_in_the_policy_npm_names_its_own() {
    let canary = Proxy::canary();
    let home = tempfile::tempdir().unwrap();
    fs::write(
        home.path().join(".npmrc"),
        format!("registry={}\n", canary.url::<RegistryUrl>()),
    )
    .unwrap();
    let environment = Environment::from([
        ("PATH".to_owned(), std::env::var("PATH").unwrap()),
        ("HOME".to_owned(), home.path().to_string_lossy().into_owned()),
        (
            "npm_config_registry".to_owned(),
            canary.url::<RegistryUrl>().to_string(),
        ),
    ]);
    let npm = ktx_publish::npm::Npm::new(&environment).unwrap();
    let own = npm.default_registry(&Quiet::default()).unwrap();
    assert!(own.as_str().starts_with("https://"), "{own}");
    assert_ne!(own, canary.url::<RegistryUrl>());
}

#[test]
fn secrets_of_the_environment_are_in_no_output_argument_or_file() {
    let registry = LocalRegistry::start();
    let proxy = Proxy::before(
        registry.port(),
        &[Fault::once(Request::Write, Answer::Status(503))],
    );
    let mut release = Release::new("0.1.0", &registry, proxy.url());
    let credentials = registry
        .credentials(&proxy.url())
        .replace(registry.token(), "${NODE_AUTH_TOKEN}");
    fs::write(release.path("home/.npmrc"), credentials).unwrap();
    release
        .environment
        .insert("NODE_AUTH_TOKEN".into(), registry.token().into());
    for name in [
        "AWS_SECRET_ACCESS_KEY",
        "NPM_TOKEN",
        "GITHUB_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    ] {
        release.environment.insert(name.into(), CANARY.into());
    }
    // npm itself is watched: a program of its name that keeps its arguments and goes on to the real one.
    let spy = release.path("spy");
    fs::create_dir_all(&spy).unwrap();
    let real = real_npm();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{}/arguments'\nexec '{}' \"$@\"\n",
        spy.display(),
        real.display()
    );
    fs::write(spy.join("npm"), script).unwrap();
    make_executable(&spy.join("npm"));
    let path = format!("{}:{}", spy.display(), release.environment["PATH"]);
    release.environment.insert("PATH".into(), path);

    let desk = Quiet::default();
    let preview = release.prepare().preview;
    let mut said = vec![preview.command.clone(), format!("{preview:?}")];
    let plan = release.plan().unwrap();
    let error = plan.execute(&desk).unwrap_err();
    said.extend([error.to_string(), format!("{error:?}")]);
    let report = release.plan().unwrap().execute(&desk).unwrap();
    said.push(serde_json::to_string(&report).unwrap());
    said.extend(desk.0.into_inner().unwrap());
    assert!(
        said.iter().any(|line| line.contains("503")),
        "npm's words are shown: {said:?}"
    );
    assert!(
        fs::read_to_string(spy.join("arguments"))
            .unwrap()
            .contains("publish")
    );
    for secret in [CANARY, registry.token()] {
        for line in &said {
            assert!(!line.contains(secret), "{line}");
        }
        assert_eq!(files_with(release.folder(), secret), Vec::<String>::new());
    }
}

fn real_npm() -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join("npm"))
        .find(|npm| npm.exists())
        .unwrap()
}

fn files_with(folder: &Path, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, secret));
        } else if fs::read(&path)
            .unwrap()
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}
