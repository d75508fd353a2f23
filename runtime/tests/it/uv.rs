//! uv as it is found, steered, watched and bounded.

use std::os::unix::fs::PermissionsExt;

use ktx_fixtures::sample_assets::SampleAssets;
use ktx_runtime::{Error, InstallMode, TimeLimits};

use crate::sandbox::fake_uv::Misbehaviour;
use crate::sandbox::{Sandbox, VERSION, core};

#[test]
fn uv_sees_neither_the_python_settings_of_the_user_nor_the_project_stood_in() {
    let sandbox = Sandbox::with_sample();
    // A project around the root whose configuration would make uv fail.
    fs_err::write(sandbox.path().join("uv.toml"), "index-url = 3\n").expect("written");
    fs_err::write(
        sandbox.path().join("pyproject.toml"),
        "[tool.uv]\nindex-url = 3\n",
    )
    .expect("written");
    fs_err::write(sandbox.path().join(".python-version"), "2.7\n").expect("written");
    let elsewhere = sandbox.path().join("elsewhere");
    fs_err::create_dir(&elsewhere).expect("a directory");
    fs_err::write(elsewhere.join("sitecustomize.py"), "raise SystemExit(9)\n").expect("written");
    let sandbox = sandbox
        .set("PYTHONPATH", &elsewhere)
        .set("PYTHONHOME", &elsewhere)
        .set("VIRTUAL_ENV", &elsewhere)
        .set("CONDA_PREFIX", &elsewhere)
        .set("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
        .set("UV_PYTHON", "2.7")
        .set("UV_CONSTRAINT", "/nowhere/constraints.txt");
    sandbox.install();
    sandbox.assert_clean_and_ready();
}

#[test]
fn silence_has_an_end_that_names_the_step() {
    let (sandbox, _uv) =
        Sandbox::with_sample().with_fake_uv("--require-hashes", Misbehaviour::HangsWithChild);
    let limits = TimeLimits {
        silence: std::time::Duration::from_secs(3),
        ..TimeLimits::default()
    };
    let error = sandbox
        .runtime()
        .limited_by(limits)
        .install(&core(InstallMode::IfNeeded))
        .expect_err("it hangs");
    let text = error.to_string();
    assert!(
        text.contains(
            "failed at installing Python dependencies: `uv pip install`: no output and no progress for 3 s"
        ),
        "{text}"
    );
    assert_eq!(crate::sandbox::processes::under(&sandbox.root()), []);
    assert_eq!(sandbox.root_entries(), [".locks", VERSION]);
}

#[test]
fn growth_is_no_silence() {
    // Says nothing for longer than is allowed, and writes all the while.
    let sandbox = Sandbox::with_sample();
    let script = sandbox.path().join("uv");
    let real = crate::sandbox::tools::uv();
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *--require-hashes*) for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo x >> grown; sleep 0.3; done;; esac\nexec '{}' \"$@\"\n",
        real.display()
    );
    fs_err::write(&script, text).expect("written");
    fs_err::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let sandbox = sandbox.set("KTX_UV", &script);
    let limits = TimeLimits {
        silence: std::time::Duration::from_secs(4),
        ..TimeLimits::default()
    };
    sandbox
        .runtime()
        .limited_by(limits)
        .install(&core(InstallMode::IfNeeded))
        .expect("it installs");
    sandbox.assert_clean_and_ready();
}

#[test]
fn an_old_uv_and_none_at_all_are_named() {
    let sandbox = Sandbox::with_sample();
    let empty = sandbox.path().join("empty");
    fs_err::create_dir(&empty).expect("a directory");
    let sandbox = sandbox.unset("KTX_UV").set("PATH", &empty);
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::IfNeeded))
        .expect_err("there is no uv");
    assert!(matches!(error, Error::UvMissing));
    assert_eq!(error.to_string(), ktx_runtime::UV_REQUIRED);

    let script = empty.join("uv");
    fs_err::write(&script, "#!/bin/sh\necho 'uv 0.2.9'\n").expect("written");
    fs_err::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::IfNeeded))
        .expect_err("it is too old");
    insta::assert_snapshot!(sandbox.redacted(&error.to_string()), @"
    failed to use `[SANDBOX]/empty/uv`: uv 0.2.9 is too old, 0.5.0 or newer is needed
    ");
    assert!(error.hint().is_some_and(|hint| hint.starts_with("update uv ")));
    assert!(!sandbox.version_dir().exists(), "nothing was touched");
}

#[test]
fn credentials_of_an_index_reach_neither_log_nor_message() {
    let sandbox = Sandbox::with_requirement("httptools==0.6.4");
    let sandbox = sandbox
        .set("UV_DEFAULT_INDEX", "http://ada:hunter22@127.0.0.1:1/simple")
        .set("UV_HTTP_RETRIES", "0")
        .set("UV_NO_CACHE", "1");
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::IfNeeded))
        .expect_err("there is no such index");
    let log = fs_err::read_to_string(sandbox.version_dir().join("install.log")).expect("the log");
    assert!(log.contains("127.0.0.1:1/simple"), "{log}");
    for text in [error.to_string(), log] {
        assert!(!text.contains("hunter22"), "{text}");
    }
}

/// The message for embeddings whose dependency has only a source distribution, and for those that fail otherwise.
#[test]
fn embeddings_without_a_wheel_are_not_supported_and_other_failures_do_not_say_so() {
    let sandbox = Sandbox::with_sample();
    let links = sandbox.path().join("links");
    fs_err::create_dir(&links).expect("a directory");
    let source = b"not looked into";
    fs_err::write(links.join("onlysource-1.0.tar.gz"), source).expect("written");
    let install = |requirement: &str, digest: &str| {
        let mut assets = SampleAssets::default();
        let lock = format!("{requirement} --hash=sha256:{digest}\n").into_bytes();
        assets.manifest["requirements"]["local-embeddings"]["sha256"] =
            ktx_fixtures::sample_assets::hex(&lock).into();
        assets.manifest["requirements"]["local-embeddings"]["bytes"] = lock.len().into();
        *assets.bytes(ktx_fixtures::sample_assets::LOCAL_EMBEDDINGS_LOCK) = lock;
        let _ = fs_err::remove_dir_all(sandbox.assets());
        assets.write_to(&sandbox.assets());
        let variables = sandbox.variables().clone().into_iter();
        let offline = [
            ("UV_NO_INDEX", "1".into()),
            ("UV_FIND_LINKS", links.clone().into_os_string()),
        ];
        let variables = variables.chain(offline.map(|(name, value)| (name.into(), value)));
        let environment = ktx_runtime::Environment::of_variables(variables);
        let runtime =
            ktx_runtime::Runtime::new(environment, VERSION, ktx_runtime::Interrupt::new()).expect("a root");
        let features = ktx_runtime::FeatureSet::from(ktx_runtime::Feature::LocalEmbeddings);
        let request = ktx_runtime::InstallRequest {
            features,
            mode: InstallMode::IfNeeded,
        };
        runtime
            .install(&request)
            .expect_err("it cannot be installed")
            .to_string()
    };
    let unsupported = install("onlysource==1.0", &ktx_fixtures::sample_assets::hex(source));
    assert!(
        unsupported.contains(&format!(
            "local-embeddings is not supported on {}",
            std::env::consts::OS
        )),
        "{unsupported}"
    );
    let missing = install("nowhere==1.0", &"0".repeat(64));
    assert!(!missing.contains("is not supported"), "{missing}");
}
