//! One package's life on a registry: from its first candidate to a stable version that is rolled back.

use ktx_policy::guard::{RefusalCode, TrustDowngrade, Work};
use ktx_publish::publication::PublishResult;
use ktx_publish::tag_move::{
    MoveOptions, MovePlan, MoveResult, PromoteOptions, RollbackOptions, promote, rollback,
};
use ktx_publish::{ErrorClass, PublishError};

use super::support::release::tagged;
use super::support::{LocalRegistry, Quiet, Release, tags};

#[track_caller]
fn refused_for<T: std::fmt::Debug>(outcome: Result<T, PublishError>, code: RefusalCode) -> PublishError {
    refused_for_all(outcome, &[code])
}

#[track_caller]
fn refused_for_all<T: std::fmt::Debug>(
    outcome: Result<T, PublishError>,
    expected: &[RefusalCode],
) -> PublishError {
    match outcome {
        Err(PublishError::Refused(refused)) => {
            let codes: Vec<RefusalCode> = refused.refusals.iter().map(|refusal| refusal.code).collect();
            assert_eq!(codes, expected);
            PublishError::Refused(refused)
        }
        other => panic!("{other:?}"),
    }
}

fn plan_promotion(release: &Release) -> Result<MovePlan, PublishError> {
    let promotion = PromoteOptions {
        from: "next".into(),
        to: "latest".into(),
        trust_downgrade: TrustDowngrade::Refused,
    };
    promote(
        &release.move_options(),
        &promotion,
        &release.environment,
        &Quiet::default(),
    )
}

fn plan_rollback(
    release: &Release,
    to: Option<&str>,
    confirmed: Option<&str>,
) -> Result<MovePlan, PublishError> {
    rollback(
        &release.move_options(),
        &rollback_options(to, confirmed),
        &release.environment,
        &Quiet::default(),
    )
}

fn rollback_options(to: Option<&str>, confirmed: Option<&str>) -> RollbackOptions {
    RollbackOptions {
        tag: "latest".into(),
        from: None,
        to: to.map(str::to_owned),
        confirmed: confirmed.map(str::to_owned),
    }
}

#[test]
fn from_the_first_candidate_to_a_rolled_back_release() {
    let registry = LocalRegistry::start();
    let url = registry.url();
    let release = |version: &str| Release::new(version, &registry, url.clone());

    // The first version would become latest.
    let first = release("0.1.0-rc.0");
    refused_for(first.publish(), RefusalCode::FirstPublishLatest);
    let first = first.accepting_first_latest();
    let report = first.publish().unwrap();
    assert_eq!(report.result, PublishResult::Published);
    assert_eq!(tags(&url), "latest=0.1.0-rc.0 next=0.1.0-rc.0");

    // The same bytes again: nothing to do. Other bytes under the number: never.
    assert_eq!(first.publish().unwrap().result, PublishResult::AlreadyPublished);
    let other = Release::of_bytes("0.1.0-rc.0", &registry, url.clone(), "second");
    let error = refused_for(other.publish(), RefusalCode::NumberTaken);
    assert_eq!(error.class(), ErrorClass::Integrity);

    let second = release("0.1.0-rc.1");
    assert_eq!(second.publish().unwrap().result, PublishResult::Published);
    assert_eq!(tags(&url), "latest=0.1.0-rc.0 next=0.1.0-rc.1");
    // A candidate that comes late.
    let stale = release("0.0.9-rc.5").publish();
    refused_for_all(stale, &[RefusalCode::TagBackwards, RefusalCode::BelowLatest]);

    // A stable version goes under next; promoting it needs the smoke from the registry.
    let stable = release("0.1.0");
    let mut to_latest = release("0.1.0");
    to_latest.options.tag = "latest".into();
    refused_for(to_latest.publish(), RefusalCode::TagNotInPolicy);
    stable.publish().unwrap();
    assert_eq!(tags(&url), "latest=0.1.0-rc.0 next=0.1.0");
    refused_for(plan_promotion(&stable), RefusalCode::NotProven);
    stable.prove_published();
    let plan = plan_promotion(&stable).unwrap();
    assert_eq!(
        plan.command(),
        format!("npm dist-tag add @kaelio/ktx@0.1.0 latest --registry={url} --@kaelio:registry={url}")
    );
    assert_eq!(tags(&url), "latest=0.1.0-rc.0 next=0.1.0", "a plan moves nothing");
    assert_eq!(plan.execute(&Quiet::default()).unwrap().result, MoveResult::Moved);
    assert_eq!(tags(&url), "latest=0.1.0 next=0.1.0");
    assert_eq!(
        plan_promotion(&stable)
            .unwrap()
            .execute(&Quiet::default())
            .unwrap()
            .result,
        MoveResult::AlreadyThere
    );

    // A bad release is promoted and rolled back by its own receipts.
    let bad = release("0.1.1");
    bad.publish().unwrap();
    bad.prove_published();
    plan_promotion(&bad).unwrap().execute(&Quiet::default()).unwrap();
    assert_eq!(tags(&url), "latest=0.1.1 next=0.1.1");
    let back = plan_rollback(&bad, None, None).unwrap();
    assert_eq!(back.decision().version, "0.1.0");
    assert_eq!(
        back.deprecation().unwrap(),
        format!(
            "npm deprecate @kaelio/ktx@0.1.1 'broken: use 0.1.0' --registry={url} --@kaelio:registry={url}"
        )
    );
    assert_eq!(back.execute(&Quiet::default()).unwrap().result, MoveResult::Moved);
    assert_eq!(tags(&url), "latest=0.1.0 next=0.1.1");

    // The same command again has nothing to do, and so has one that names the broken version, from anywhere.
    let again = plan_rollback(&bad, None, None).unwrap();
    assert_eq!(again.decision().work, Work::Nothing);
    let stranger = release("0.1.1");
    let mut named = rollback_options(None, None);
    named.from = Some("0.1.1".into());
    let elsewhere = rollback(
        &stranger.move_options(),
        &named,
        &stranger.environment,
        &Quiet::default(),
    );
    assert_eq!(elsewhere.unwrap().decision().work, Work::Nothing);

    // Without receipts and git tags the version has to be confirmed; it is never above the broken one, and a prerelease
    // never comes back to latest.
    refused_for(plan_rollback(&stranger, None, None), RefusalCode::NoHistory);
    refused_for_all(
        plan_rollback(&stranger, Some("0.1.1"), Some("0.1.1")),
        &[RefusalCode::NotDown],
    );
    refused_for(
        plan_rollback(&stranger, Some("0.1.0-rc.1"), Some("0.1.0-rc.1")),
        RefusalCode::PrereleaseLatest,
    );
    refused_for(
        plan_rollback(&stranger, Some("0.0.1"), Some("0.0.1")),
        RefusalCode::VersionMissing,
    );
}

#[test]
fn a_fresh_clone_rolls_back_by_the_registry_and_the_git_tags() {
    let registry = LocalRegistry::start();
    let url = registry.url();
    for version in ["0.1.0", "0.2.0"] {
        let release = Release::new(version, &registry, url.clone());
        release.publish().unwrap();
        release.prove_published();
        plan_promotion(&release)
            .unwrap()
            .execute(&Quiet::default())
            .unwrap();
    }
    let clone = Release::new("0.2.0", &registry, url.clone());
    refused_for(plan_rollback(&clone, None, None), RefusalCode::NoHistory);
    let mut options = clone.move_options();
    options.released = tagged(&["0.1.0", "0.2.0"]);
    let back = || {
        rollback(
            &options,
            &rollback_options(None, None),
            &clone.environment,
            &Quiet::default(),
        )
    };
    let plan = back().unwrap();
    assert_eq!(plan.decision().version, "0.1.0");
    assert_eq!(plan.execute(&Quiet::default()).unwrap().result, MoveResult::Moved);
    assert_eq!(tags(&url), "latest=0.1.0 next=0.2.0");
    assert_eq!(back().unwrap().decision().work, Work::Nothing);
}

/// The options of a rollback that a printed command has.
fn as_printed(command: &str) -> RollbackOptions {
    let words: Vec<&str> = command.split(' ').collect();
    let option = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1).map(|value| (*value).to_owned())
    };
    RollbackOptions {
        tag: option("--tag").unwrap(),
        from: option("--from"),
        to: option("--to"),
        confirmed: option("--confirm"),
    }
}

#[test]
fn the_printed_command_repeats_the_rollback_that_was_shown() {
    let registry = LocalRegistry::start();
    for version in ["0.1.0", "0.2.0", "0.3.0"] {
        registry.store(version, &["latest", "next"], version.as_bytes());
    }
    let release = Release::new("0.3.0", &registry, registry.url());
    let plan = |rollback_options: &RollbackOptions, known: &[&str]| {
        let options = MoveOptions {
            released: tagged(known),
            ..release.move_options()
        };
        rollback(
            &options,
            rollback_options,
            &release.environment,
            &Quiet::default(),
        )
    };
    for (to, confirmed, known) in [
        (None, None, &["0.1.0", "0.2.0"][..]),
        (Some("0.1.0"), None, &["0.1.0", "0.2.0"]),
        (Some("0.1.0"), Some("0.1.0"), &[]),
    ] {
        let shown = plan(&rollback_options(to, confirmed), known).unwrap();
        let again = shown.again().unwrap();
        let repeated = plan(&as_printed(&again), known).map(|plan| plan.decision().version.clone());
        assert_eq!(repeated.unwrap(), shown.decision().version, "{again}");
    }
}

#[test]
fn a_policy_with_latest_takes_stable_versions_to_it() {
    let registry = LocalRegistry::start();
    let url = registry.url();
    let release = |version: &str| {
        let mut release = Release::new(version, &registry, url.clone());
        let npm = serde_json::json!({"publish": true, "registry": null, "access": "public", "tag": "latest", "packages": ["@kaelio/ktx"]});
        release.write_policy(&serde_json::json!({"npm": npm}));
        release.prove();
        release.options.tag = "latest".into();
        release
    };
    release("0.1.0").publish().unwrap();
    assert_eq!(tags(&url), "latest=0.1.0");
    release("0.2.0").publish().unwrap();
    refused_for(release("0.1.5").publish(), RefusalCode::TagBackwards);
    refused_for(release("0.3.0-rc.0").publish(), RefusalCode::PrereleaseLatest);
    let mut branch = release("0.3.0-my-fix.1");
    branch.options.tag = "branch-my-fix".into();
    branch.publish().unwrap();
    assert_eq!(tags(&url), "branch-my-fix=0.3.0-my-fix.1 latest=0.2.0");
}

#[test]
fn two_publishers_at_once_end_with_one_package() {
    let registry = LocalRegistry::start();
    let url = registry.url();
    let publisher = |content: &str| {
        Release::of_bytes("0.1.0-rc.0", &registry, url.clone(), content).accepting_first_latest()
    };
    // Both have planned before either acts.
    let (one, two) = (publisher("same"), publisher("same"));
    let plans = [one.plan().unwrap(), two.plan().unwrap()];
    let results = std::thread::scope(|scope| {
        let runs = plans
            .each_ref()
            .map(|plan| scope.spawn(|| plan.execute(&Quiet::default())));
        runs.map(|run| run.join().unwrap())
    });
    for result in results {
        assert_eq!(result.unwrap().result, PublishResult::Published);
    }
    let rival = publisher("other bytes");
    assert_eq!(rival.publish().unwrap_err().class(), ErrorClass::Integrity);
}

#[test]
fn of_two_publishers_with_other_bytes_one_is_told() {
    let registry = LocalRegistry::start();
    let publisher = |content: &str| {
        Release::of_bytes("0.1.0-rc.0", &registry, registry.url(), content).accepting_first_latest()
    };
    let (one, two) = (publisher("one"), publisher("two"));
    let (first, second) = (one.plan().unwrap(), two.plan().unwrap());
    first.execute(&Quiet::default()).unwrap();
    let error = second.execute(&Quiet::default()).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Integrity, "{error}");
}
