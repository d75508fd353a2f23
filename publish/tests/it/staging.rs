//! Staged publishing with the real npm, before a registry that stages as npm's documentation has it.

use ktx_fixtures::registry_proxy::{Proxy, STAGE_ID, Staged};
use ktx_policy::RegistryUrl;
use ktx_publish::publication::{PublishResult, StagedBytes, StagedVersion, fetch_staged};
use ktx_publish::receipt::OperationOutcome;
use ktx_publish::{ErrorClass, PublishError};
use serde_json::json;

use super::support::{LocalRegistry, Quiet, Release, tags};

/// A version that is to be staged, after another one.
struct Case {
    registry: LocalRegistry,
    proxy: Proxy,
    release: Release,
}

impl Case {
    fn new(staged: Staged, publishing: &str) -> Self {
        let registry = LocalRegistry::start();
        registry.store("0.0.9", &["latest", "next"], b"the first one");
        let proxy = Proxy::staging(registry.port(), staged);
        let release = Release::new("0.1.0", &registry, proxy.url());
        set_publishing(&release, publishing);
        Self {
            registry,
            proxy,
            release,
        }
    }

    #[track_caller]
    fn staged(&self) -> StagedVersion {
        match self.release.publish().unwrap().result {
            PublishResult::Staged(version) => version,
            other => panic!("{other:?}"),
        }
    }

    fn npm(&self, arguments: &[&str]) -> bool {
        let url: RegistryUrl = self.proxy.url();
        let mut npm = std::process::Command::new("npm");
        npm.args(arguments).arg(format!("--registry={url}"));
        npm.env_clear().envs(&self.release.environment);
        npm.output().unwrap().status.success()
    }
}

fn set_publishing(release: &Release, publishing: &str) {
    release.write_policy(&json!({"npm": {
        "publish": true, "registry": null, "access": "public", "tag": "next", "packages": ["@kaelio/ktx"],
        "publishing": publishing,
    }}));
    release.prove();
}

#[test]
fn a_staged_version_is_compared_approved_by_a_person_and_then_found() {
    let case = Case::new(Staged::Faithful, "staged");
    assert!(
        case.release
            .prepare()
            .preview
            .command
            .starts_with("npm stage publish ")
    );
    let version = case.staged();
    let url: RegistryUrl = case.proxy.url();
    let flags = format!("--registry={url} --@kaelio:registry={url}");
    assert_eq!(version.id, STAGE_ID);
    assert_eq!(version.bytes, StagedBytes::Same);
    assert_eq!(version.approve, format!("npm stage approve {STAGE_ID} {flags}"));
    assert_eq!(version.reject, format!("npm stage reject {STAGE_ID} {flags}"));
    assert_eq!(case.release.outcomes(), [OperationOutcome::Staged]);
    assert_eq!(case.proxy.uploads(), 0, "nothing can be installed yet");

    // Again: it is found among those that wait, although the registry refuses to stage it twice.
    assert_eq!(case.staged(), version);
    assert_eq!(tags(&case.registry.url()), "latest=0.0.9 next=0.0.9");

    assert!(
        !case.npm(&["stage", "approve", STAGE_ID]),
        "approved without a code"
    );
    assert!(case.npm(&["stage", "approve", STAGE_ID, "--otp=123456"]));
    let published = case.release.publish().unwrap();
    assert_eq!(published.result, PublishResult::AlreadyPublished);
    assert_eq!(tags(&case.registry.url()), "latest=0.0.9 next=0.1.0");
}

#[test]
fn staged_bytes_that_are_not_the_built_ones_are_to_be_rejected() {
    let case = Case::new(Staged::Altered, "staged");
    let error = case.release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Integrity, "{error}");
    assert!(error.hint().unwrap().starts_with("npm stage reject "), "{error}");
    assert_eq!(case.release.outcomes(), [OperationOutcome::Failed]);
    let fetched = case.fetched(STAGE_ID).unwrap_err();
    assert_eq!(fetched.class(), ErrorClass::Integrity, "{fetched}");
}

#[test]
fn a_version_that_was_staged_without_an_answer_is_found() {
    let case = Case::new(Staged::Unanswered, "staged");
    assert_eq!(case.staged().bytes, StagedBytes::Same);
}

#[test]
fn credentials_that_only_stage_leave_the_comparison_to_others() {
    let case = Case::new(Staged::Blind, "staged");
    let StagedBytes::NotFetched { cause } = case.staged().bytes else {
        panic!("fetched without the right to")
    };
    assert!(!cause.is_empty());
    // The second time it can be neither staged nor found.
    let error = case.release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Registry, "{error}");
    assert!(case.fetched(STAGE_ID).is_err());
}

#[test]
fn a_person_fetches_and_compares_what_waits() {
    let case = Case::new(Staged::Faithful, "staged");
    assert!(case.fetched(STAGE_ID).is_err(), "nothing is staged");
    let version = case.staged();
    let fetched = case.fetched(STAGE_ID).unwrap();
    assert_eq!(fetched.version, version);
    assert_eq!(
        fs_err::read(&fetched.path).unwrap(),
        fs_err::read(case.release.tarball()).unwrap()
    );
    assert!(case.fetched("no-uuid").is_err());
}

#[test]
fn what_waits_under_another_tag_is_to_be_rejected() {
    let case = Case::new(Staged::Faithful, "staged");
    let tarball = case.release.tarball().display().to_string();
    assert!(case.npm(&["stage", "publish", &tarball, "--tag=latest", "--ignore-scripts"]));
    for error in [
        case.release.publish().unwrap_err(),
        case.fetched(STAGE_ID).unwrap_err(),
    ] {
        assert_eq!(error.class(), ErrorClass::Refused, "{error}");
        assert!(error.to_string().contains("is staged under latest"), "{error}");
        assert!(error.hint().unwrap().starts_with("npm stage reject "));
    }
}

#[test]
fn a_registry_that_wants_versions_staged_is_recognised() {
    let case = Case::new(Staged::Required, "direct");
    let error = case.release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Prerequisite, "{error}");
    assert!(error.to_string().contains("only staged versions"), "{error}");
    assert!(error.hint().unwrap().starts_with("set npm.publishing to staged"));
    assert_eq!(tags(&case.registry.url()), "latest=0.0.9 next=0.0.9");
    set_publishing(&case.release, "staged");
    assert_eq!(case.staged().bytes, StagedBytes::Same);
}

#[test]
fn a_first_version_is_published_at_once_and_a_registry_without_staging_says_so() {
    let registry = LocalRegistry::start();
    let release = Release::new("0.1.0", &registry, registry.url());
    set_publishing(&release, "staged");
    let preview = release.prepare().preview;
    assert!(preview.command.starts_with("npm publish "), "{}", preview.command);
    assert!(preview.notes.iter().any(|note| note.contains("cannot be staged")));
    assert_eq!(release.publish().unwrap().result, PublishResult::Published);

    let next = Release::new("0.2.0", &registry, registry.url());
    set_publishing(&next, "staged");
    let error = next.publish().unwrap_err();
    assert!(matches!(error, PublishError::Npm { .. }), "{error}");
    assert_eq!(tags(&registry.url()), "latest=0.1.0 next=0.1.0");
}

#[test]
fn what_somebody_approves_meanwhile_is_found_to_be_published() {
    let case = Case::new(Staged::Faithful, "staged");
    case.staged();
    let plan = case.release.plan().unwrap();
    assert!(case.npm(&["stage", "approve", STAGE_ID, "--otp=123456"]));
    let report = plan.execute(&Quiet::default()).unwrap();
    assert_eq!(report.result, PublishResult::Published);
    assert_eq!(tags(&case.registry.url()), "latest=0.0.9 next=0.1.0");
}

impl Case {
    fn fetched(&self, id: &str) -> Result<ktx_publish::publication::FetchedStage, PublishError> {
        let Release {
            options, environment, ..
        } = &self.release;
        fetch_staged(
            id,
            &options.location,
            &options.sources,
            options.registry.as_ref(),
            environment,
            &Quiet::default(),
        )
    }
}
