//! npm does what it was asked to whatever its settings say, and its word is not believed.

use std::time::Duration;

use fs_err as fs;
use ktx_policy::ReleaseVersion;
use ktx_policy::guard::TrustDowngrade;
use ktx_publish::PublishError;
use ktx_publish::npm::Npm;
use ktx_publish::publication::PublishResult;
use ktx_publish::tag_move::{PromoteOptions, promote};

use super::support::{LocalRegistry, Quiet, Release, make_executable, tags};

/// Settings that make npm do something else than it was asked to, or say less, mostly with exit code 0.
const STRANGE: &str = "\
usage=true
help=true
h=true
version=true
versions=true
dry-run=true
offline=true
prefer-offline=true
global=true
location=global
workspaces=true
include-workspace-root=true
if-present=true
json=true
long=true
silent=true
loglevel=silent
logs-max=5
tag=stolen
access=restricted
";

#[test]
fn no_setting_of_a_user_makes_npm_do_something_else() {
    let registry = LocalRegistry::start();
    let first = Release::new("0.1.0", &registry, registry.url()).accepting_first_latest();
    let second = Release::new("0.2.0", &registry, registry.url());
    for release in [&first, &second] {
        release.append_to_npmrc(STRANGE);
        assert_eq!(release.publish().unwrap().result, PublishResult::Published);
    }
    second.prove_published();
    let (options, environment) = (second.move_options(), &second.environment);
    let plan = promote(&options, &to_latest(), environment, &Quiet::default()).unwrap();
    plan.execute(&Quiet::default()).unwrap();
    assert_eq!(tags(&registry.url()), "latest=0.2.0 next=0.2.0");

    let npm = Npm::new(&second.environment).unwrap();
    for version in [
        npm.version(&Quiet::default()),
        npm.node_version(&Quiet::default()),
    ] {
        let version = version.unwrap();
        assert!(
            version.trim_start_matches('v').parse::<ReleaseVersion>().is_ok(),
            "{version}"
        );
    }
}

#[test]
#[cfg(unix)]
fn an_npm_that_only_claims_to_have_written_is_not_believed() {
    let registry = LocalRegistry::start();
    Release::new("0.1.0", &registry, registry.url())
        .accepting_first_latest()
        .publish()
        .unwrap();
    let mut release = Release::new("0.2.0", &registry, registry.url());
    release.publish().unwrap();
    release.prove_published();
    let mut candidate = Release::new("0.3.0", &registry, registry.url());
    let wait = Duration::from_millis(300);
    candidate.options.patience.publication = wait;
    let before = tags(&registry.url());
    for claim in [
        "",
        "npm publish <package-spec>\n\nUsage:",
        "11.19.1",
        "+ @kaelio/ktx@0.3.0",
        "{\"@kaelio/ktx\": {\"id\": \"@kaelio/ktx@0.3.0\"}}",
        "+latest: @kaelio/ktx@0.2.0",
    ] {
        for release in [&mut release, &mut candidate] {
            let npm = release.path("claims/npm");
            fs::create_dir_all(npm.parent().unwrap()).unwrap();
            // Who is logged in is all that it says truly.
            let script =
                format!("#!/bin/sh\ncase $1 in whoami) echo tester ;; *) printf '{claim}\\n' ;; esac\n");
            fs::write(&npm, script).unwrap();
            make_executable(&npm);
            let path = format!(
                "{}:{}",
                npm.parent().unwrap().display(),
                std::env::var("PATH").unwrap()
            );
            release.environment.insert("PATH".into(), path);
        }
        let report = candidate.publish().unwrap();
        assert!(
            matches!(report.result, PublishResult::PublishedNotYetVisible { .. }),
            "{claim:?}: {:?}",
            report.result
        );
        let mut options = release.move_options();
        options.patience = wait;
        let plan = promote(&options, &to_latest(), &release.environment, &Quiet::default()).unwrap();
        let error = plan.execute(&Quiet::default()).unwrap_err();
        assert!(
            matches!(error, PublishError::NotYetVisible { .. }),
            "{claim:?}: {error}"
        );
        assert_eq!(tags(&registry.url()), before, "{claim:?}");
    }
}

fn to_latest() -> PromoteOptions {
    PromoteOptions {
        from: "next".into(),
        to: "latest".into(),
        trust_downgrade: TrustDowngrade::Refused,
    }
}
