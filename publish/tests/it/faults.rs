//! A registry that answers late, wrongly, or not at all.

use ktx_fixtures::registry_proxy::{Answer, Fault, Proxy, Request};
use ktx_policy::guard::{RefusalCode, RuleState};
use ktx_publish::publication::PublishResult;
use ktx_publish::receipt::OperationOutcome;
use ktx_publish::registry::Registry;
use ktx_publish::{Desk, ErrorClass, NpmFailure, PublishError};
use ktx_system::{Interrupt, Signal};

use super::support::{LocalRegistry, Quiet, Release, tags};

fn setting(faults: &[Fault]) -> (LocalRegistry, Proxy, Release) {
    let registry = LocalRegistry::start();
    let proxy = Proxy::before(registry.port(), faults);
    let release = Release::new("0.1.0", &registry, proxy.url());
    (registry, proxy, release)
}

#[test]
fn an_upload_refused_with_503_is_published_by_a_rerun() {
    let (registry, proxy, release) = setting(&[Fault::once(Request::Write, Answer::Status(503))]);
    let error = release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Registry, "{error}");
    assert_eq!(release.outcomes(), [OperationOutcome::Unknown]);
    assert_eq!(proxy.uploads(), 1, "npm does not try again on its own");
    assert_eq!(release.publish().unwrap().result, PublishResult::Published);
    assert_eq!(tags(&registry.url()), "latest=0.1.0 next=0.1.0");
    assert_eq!(release.outcomes(), [OperationOutcome::Verified]);
}

#[test]
fn an_upload_that_was_stored_before_the_503_is_found_out_at_once() {
    let (_registry, proxy, release) = setting(&[Fault::once(Request::Write, Answer::Status(503).after())]);
    assert_eq!(release.publish().unwrap().result, PublishResult::Published);
    assert_eq!(proxy.uploads(), 1);
    assert_eq!(release.outcomes(), [OperationOutcome::Verified]);
}

#[test]
fn an_upload_that_was_stored_but_is_not_served_is_finished_by_a_rerun() {
    let (_registry, proxy, mut release) = setting(&[
        Fault::once(Request::Write, Answer::Status(503).after()),
        Fault::after_write(1..=3, Answer::Status(404)),
    ]);
    release.options.patience.failure = std::time::Duration::ZERO;
    let error = release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Registry);
    // Reads of the rerun's plan still lag, so npm is asked to publish and says that the number is taken.
    let mut results = Vec::new();
    for _ in 0..4 {
        match release.publish() {
            Ok(report) => {
                results.push(report.result);
                break;
            }
            Err(error) => assert_eq!(error.class(), ErrorClass::Registry, "{error}"),
        }
    }
    assert!(
        matches!(
            results[..],
            [PublishResult::AlreadyPublished | PublishResult::Published]
        ),
        "{results:?}"
    );
    assert_eq!(proxy.uploads(), 1, "nothing is uploaded twice");
}

#[test]
fn a_conflict_is_not_known_to_have_stored_nothing() {
    let (_registry, _proxy, release) = setting(&[Fault::once(Request::Write, Answer::Status(409))]);
    let error = release.publish().unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::Npm {
                failure: NpmFailure::Unknown,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(release.publish().unwrap().result, PublishResult::Published);
}

#[test]
fn lagging_and_vanishing_reads_are_waited_for() {
    for fault in [
        Fault::after_write(1..=3, Answer::Status(404)),
        Fault::after_write(2..=3, Answer::Status(404)),
    ] {
        let (_registry, proxy, release) = setting(std::slice::from_ref(&fault));
        assert_eq!(
            release.publish().unwrap().result,
            PublishResult::Published,
            "{fault:?}"
        );
        assert_eq!(proxy.uploads(), 1);
        let requests = proxy.requests();
        let upload = requests
            .iter()
            .position(|request| request.starts_with("PUT "))
            .unwrap();
        let reads = requests[upload..]
            .iter()
            .filter(|request| request.ends_with("ktx"));
        // One good look is not believed: three bad ones and two good ones in a row, and the upload itself.
        assert!(reads.count() >= 5, "{fault:?}: {requests:?}");
    }
}

/// Interrupts the work as soon as it says that npm runs.
struct Impatient(Interrupt);

impl Desk for Impatient {
    fn talk(&self, line: &str) {
        if line.starts_with("running npm") {
            self.0.raise(Signal::Interrupt);
        }
    }

    fn warn(&self, line: &str) {
        self.talk(line);
    }

    fn interrupt(&self) -> &Interrupt {
        &self.0
    }
}

#[test]
fn an_interrupted_publication_leaves_a_receipt_that_a_rerun_completes() {
    let (_registry, _proxy, release) = setting(&[]);
    let plan = release.plan().unwrap();
    let error = plan.execute(&Impatient(Interrupt::new())).unwrap_err();
    assert!(matches!(error, PublishError::Interrupted), "{error}");
    assert_eq!(release.outcomes(), [OperationOutcome::Started]);
    let report = release.publish().unwrap();
    assert_eq!(release.outcomes(), [OperationOutcome::Verified]);
    assert_eq!(report.tags_before, Default::default());
}

#[test]
fn a_publication_whose_receipt_cannot_be_completed_is_published_all_the_same() {
    let (registry, proxy, release) = setting(&[]);
    let lock = release.path("reports/publish-receipt.lock");
    proxy.before_write(move || {
        fs_err::remove_file(&lock).unwrap();
        fs_err::create_dir(&lock).unwrap();
    });
    let desk = Quiet::default();
    let report = release.plan().unwrap().execute(&desk).unwrap();
    assert_eq!(report.result, PublishResult::Published);
    assert_eq!(tags(&registry.url()), "latest=0.1.0 next=0.1.0");
    let said = desk.0.lock().unwrap().join("\n");
    assert!(
        said.contains("the receipt is not complete: failed to create `"),
        "{said}"
    );
    assert_eq!(
        release.outcomes(),
        [OperationOutcome::Started],
        "a rerun finds out"
    );
}

#[test]
fn a_tarball_on_another_host_is_not_fetched() {
    let canary = Proxy::canary();
    let registry = Registry::at("http://127.0.0.1:9/".parse().unwrap(), None);
    let error = registry
        .tarball(&format!("{}ktx.tgz", canary.url::<String>()))
        .unwrap_err();
    assert!(error.to_string().contains("another host"), "{error}");
    assert_eq!(canary.requests(), Vec::<String>::new());
}

#[test]
fn a_registry_that_lags_beyond_all_patience_has_an_outcome_of_its_own() {
    let (_registry, proxy, mut release) = setting(&[Fault::after_write(1..=40, Answer::Status(404))]);
    release.options.patience.first_publication = std::time::Duration::from_millis(300);
    let report = release.publish().unwrap();
    assert!(
        matches!(report.result, PublishResult::PublishedNotYetVisible { .. }),
        "{:?}",
        report.result
    );
    assert_eq!(release.outcomes(), [OperationOutcome::PublishedNotYetVisible]);
    assert_eq!(report.tags_before, Default::default());
    assert_eq!(proxy.uploads(), 1);
}

#[test]
fn a_registry_that_serves_other_bytes_is_found_out() {
    let (_registry, _proxy, release) = setting(&[Fault::always(Request::Tarball, Answer::Altered)]);
    let error = release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Integrity, "{error}");
}

#[test]
fn unknown_facts_are_never_guessed() {
    let (registry, _proxy, release) = setting(&[Fault::always(Request::Read, Answer::Status(503))]);
    let unreachable = Release::new("0.1.0", &registry, "http://127.0.0.1:9/".parse().unwrap());
    for release in [release, unreachable] {
        let Err(PublishError::Refused(refused)) = release.publish() else {
            panic!("not refused")
        };
        assert_eq!(refused.refusals[0].code, RefusalCode::RegistryUnknown);
        let unchecked = refused
            .rules
            .iter()
            .filter(|result| result.state == RuleState::NotChecked);
        assert_eq!(unchecked.count(), 4);
        assert_eq!(PublishError::Refused(refused).class(), ErrorClass::Registry);
        assert!(release.outcomes().is_empty(), "nothing refused writes");
    }
}
