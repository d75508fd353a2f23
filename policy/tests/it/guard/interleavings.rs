//! Two commands at once on a small model of a registry, in every order of their steps: each plans, writes and looks.

use ktx_policy::ReleaseVersion;
use ktx_policy::guard::{
    Decision, FirstLatest, Integrity, PackageState, PromoteRequest, Provenance, PublishRequest,
    PublishedProof, RegistryState, RollbackRequest, Sight, TrustDowngrade, VersionFacts, Witnesses, Work,
    look, promote, publish, rollback,
};
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::{collection, prop_assert, proptest};

use super::states::{LANES, PLAIN, package};

/// A command, and how far it got.
#[derive(Clone)]
struct Actor {
    command: Command,
    plan: Option<Decision>,
    seen: Option<Sight>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    /// Version and bytes.
    Publish(&'static str, &'static str, &'static str),
    Promote,
    Rollback(&'static str),
}

fn plan(command: Command, registry: &PackageState) -> Option<Decision> {
    let state = RegistryState::Package(registry.clone());
    match command {
        Command::Publish(version, tag, bytes) => {
            let integrity = Integrity(bytes.to_owned());
            let request = PublishRequest {
                version,
                tag,
                policy_tag: "next",
                lanes: &LANES,
                integrity: Some(&integrity),
                provenance: Provenance::Missing,
                first_latest: FirstLatest::Refused,
                trust_downgrade: TrustDowngrade::Refused,
                commands: &PLAIN,
            };
            publish(&request, &state).ok()
        }
        Command::Promote => {
            let version = registry.tags.get("next")?;
            let request = PromoteRequest {
                from: "next",
                to: "latest",
                proof: Some(PublishedProof::Served {
                    version: version.clone(),
                    integrity: registry.versions[version].integrity.clone()?,
                }),
                trust_downgrade: TrustDowngrade::Refused,
                commands: &PLAIN,
            };
            promote(&request, &state).ok()
        }
        Command::Rollback(tag) => {
            let witnesses = Witnesses {
                receipts: registry.versions.keys().cloned().collect(),
                ..Witnesses::default()
            };
            let request = RollbackRequest {
                tag,
                from: None,
                to: None,
                confirmed: None,
                witnesses: &witnesses,
                commands: &PLAIN,
            };
            rollback(&request, &state).ok()
        }
    }
}

/// What a registry does with a write: a number is taken once, and the tag goes where the last write says.
fn write(decision: &Decision, command: Command, registry: &mut PackageState) {
    if decision.work == Work::Nothing {
        return;
    }
    if let (Work::Publish, Command::Publish(_, _, bytes)) = (decision.work, command) {
        if registry.versions.contains_key(&decision.version) {
            return;
        }
        let facts = VersionFacts {
            integrity: Some(Integrity(bytes.to_owned())),
            provenance: Provenance::Missing,
            published_at: None,
            deprecated: None,
        };
        registry.versions.insert(decision.version.clone(), facts);
    }
    registry
        .tags
        .insert(decision.tag.clone(), decision.version.clone());
}

fn step(actor: &mut Actor, at: usize, registry: &mut PackageState) {
    match (at, &actor.plan) {
        (0, _) => actor.plan = plan(actor.command, registry),
        (1, Some(decision)) => write(decision, actor.command, registry),
        (2, Some(decision)) => {
            let ours = match actor.command {
                Command::Publish(_, _, bytes) => Some(Integrity(bytes.to_owned())),
                Command::Promote | Command::Rollback(_) => None,
            };
            actor.seen = Some(look(decision, ours.as_ref(), registry));
        }
        _ => {}
    }
}

/// Every order of three steps each.
fn orders() -> Vec<Vec<usize>> {
    (0..64_u32)
        .filter(|bits| bits.count_ones() == 3)
        .map(|bits| (0..6).map(|at| usize::from(bits >> at & 1 == 1)).collect())
        .collect()
}

fn parse(version: &str) -> ReleaseVersion {
    version.parse().unwrap()
}

#[test]
fn two_publications_end_with_the_tag_at_the_higher_one_or_a_clear_error() {
    let mut worst = 0;
    for (one, other, tag) in [
        ("0.2.0-rc.0", "0.2.0-rc.1", "next"),
        ("0.2.0-rc.0", "0.2.0", "next"),
        ("0.2.0", "0.2.0", "next"),
        ("0.2.0-my-fix.1", "0.2.0-my-fix.2", "branch-my-fix"),
    ] {
        for bytes in [["sha512-a", "sha512-a"], ["sha512-a", "sha512-b"]] {
            for order in orders() {
                let RegistryState::Package(mut registry) = package("0.1.0 latest=0.1.0 next=0.1.0") else {
                    unreachable!()
                };
                let mut actors = [(one, bytes[0]), (other, bytes[1])].map(|(version, bytes)| Actor {
                    command: Command::Publish(version, tag, bytes),
                    plan: None,
                    seen: None,
                });
                let mut at = [0; 2];
                for who in &order {
                    step(&mut actors[*who], at[*who], &mut registry);
                    at[*who] += 1;
                }
                let done = |actor: &Actor| matches!(actor.seen, Some(Sight::Done { .. }));
                let highest = registry
                    .versions
                    .keys()
                    .map(|name| parse(name))
                    .max_by(|one, other| one.precedence(other))
                    .unwrap();
                let is_right = registry.tags[tag] == highest.to_string();
                let told = actors.iter().any(|actor| !done(actor));
                assert!(is_right || told, "{one} {other} {order:?}: {:?}", registry.tags);
                worst += usize::from(!is_right);
                for actor in actors.iter().filter(|actor| done(actor)) {
                    // Who is told that it is done has its own bytes there.
                    let Command::Publish(version, _, bytes) = actor.command else {
                        unreachable!()
                    };
                    assert_eq!(
                        registry.versions[version].integrity,
                        Some(Integrity(bytes.to_owned()))
                    );
                }
                // A run after both offers the fix, and never moves the tag down.
                for actor in &actors {
                    if let Some(again) = plan(actor.command, &registry) {
                        let after = again.tags_after.get(tag).map(|version| parse(version));
                        let now = registry.tags.get(tag).map(|version| parse(version));
                        assert!(now.is_none() || after.is_some_and(|after| !now.unwrap().is_above(&after)));
                        assert!(is_right || again.work == Work::MoveTag, "{order:?}: {again:?}");
                    }
                }
            }
        }
    }
    assert!(worst > 0, "some order does leave the tag behind");
}

fn command() -> impl Strategy<Value = Command> {
    let published = proptest::sample::select(
        &[
            ("0.2.0-rc.0", "next"),
            ("0.2.0", "next"),
            ("0.3.0", "next"),
            ("1.0.0", "next"),
            ("1.0.1", "next"),
            ("1.0.1", "release-1.0"),
            ("1.0.2", "release-1.0"),
            ("1.1.0", "next"),
            ("1.1.0", "latest"),
        ][..],
    );
    prop_oneof![
        6 => published.prop_map(|(version, tag)| Command::Publish(version, tag, "sha512-a")),
        3 => Just(Command::Promote),
        1 => Just(Command::Rollback("latest")),
        1 => Just(Command::Rollback("next")),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_accepted_commands_lowers_a_tag_except_rollback(
        commands in collection::vec(command(), 1..12),
    ) {
        let RegistryState::Package(mut registry) = package("0.1.0 latest=0.1.0 next=0.1.0") else {
            unreachable!()
        };
        for command in commands {
            let before = registry.tags.clone();
            let Some(decision) = plan(command, &registry) else { continue };
            write(&decision, command, &mut registry);
            for (tag, before) in &before {
                let after = &registry.tags[tag];
                let moved = before != after;
                prop_assert!(!moved || *tag == decision.tag, "{command:?} moved {tag}");
                let is_down = parse(before).is_above(&parse(after));
                let is_rollback = matches!(command, Command::Rollback(_));
                prop_assert!(!moved || is_down == is_rollback, "{command:?}: {tag} {before} to {after}");
            }
            prop_assert!(!parse(&registry.tags["latest"]).is_prerelease());
        }
    }
}
