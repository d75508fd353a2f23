//! Two commands at once, in every order of their steps and with every old answer that a cache may give.

use ktx_policy::guard::{Integrity, PackageState, RegistryState, Sight};
use ktx_policy::{DistTag, ReleaseVersion};
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::{collection, prop_assert, proptest};

use super::model::{Actor, Command, End, parse};
use super::states::package;
use Command::{AddTag, Promote, Publish, Rollback};

/// Where two begin, and what each of them may run.
const BEGINNINGS: [(&str, &[Command]); 3] = [
    (
        "0.1.0 latest=0.1.0 next=0.1.0",
        &[
            Publish("0.2.0-rc.0", "next", "sha512-a"),
            Publish("0.2.0-rc.1", "next", "sha512-a"),
            Publish("0.2.0", "next", "sha512-a"),
            Publish("0.2.0", "next", "sha512-b"),
            Publish("0.2.0-my-fix.1", "branch-my-fix", "sha512-a"),
            Publish("0.2.0-my-fix.2", "branch-my-fix", "sha512-a"),
            Promote("next"),
            Rollback("next", None, None),
            Rollback("next", Some("0.2.0-rc.1"), None),
        ],
    ),
    (
        "0.1.0 0.2.0 0.3.0 latest=0.2.0 next=0.3.0",
        &[
            Publish("0.4.0", "next", "sha512-a"),
            Publish("0.3.0", "next", "sha512-ours"),
            Promote("next"),
            Rollback("latest", None, None),
            Rollback("latest", Some("0.3.0"), None),
            Rollback("latest", Some("0.3.0"), Some("0.3.0")),
            Rollback("latest", None, Some("0.3.0")),
            Rollback("next", None, None),
            AddTag("0.3.0", "latest"),
            AddTag("0.1.0", "latest"),
            AddTag("0.2.0", "next"),
        ],
    ),
    (
        "1.0.0 1.0.1 1.1.0 latest=1.0.0 next=1.1.0 release-1.0=1.0.1",
        &[
            Publish("1.0.2", "release-1.0", "sha512-a"),
            Publish("1.0.3", "release-1.0", "sha512-a"),
            Publish("1.2.0-rc.0", "next", "sha512-a"),
            Publish("1.2.0", "next", "sha512-a"),
            Promote("next"),
            Promote("release-1.0"),
            Rollback("latest", None, None),
            Rollback("release-1.0", None, None),
            AddTag("1.1.0", "latest"),
            AddTag("1.0.0", "release-1.0"),
        ],
    ),
];

/// Goes on from here in every way; `seen` gets how each ends. Two reads in a row by different actors come out the same in
/// either order, so that only one is tried: `last` is who read just now.
fn explore(
    states: &[PackageState],
    actors: &[Actor; 2],
    last: usize,
    seen: &mut impl FnMut(&[PackageState], &[Actor; 2]),
) {
    if actors.iter().all(|actor| actor.end.is_some()) {
        return seen(states, actors);
    }
    for (index, actor) in actors.iter().enumerate().filter(|(_, actor)| actor.end.is_none()) {
        for (next, after) in actor.steps(states) {
            let mut others = actors.clone();
            others[index] = next;
            match after {
                Some(after) if after != *states.last().unwrap() => {
                    explore(&[states, &[after]].concat(), &others, 0, seen);
                }
                Some(_) => explore(states, &others, 0, seen),
                None if index < last && actors[last].end.is_none() => {}
                None => explore(states, &others, index, seen),
            }
        }
    }
}

/// Whether a higher version than that under the tag goes under it, too.
fn is_behind(now: &PackageState, tag: &str) -> bool {
    let (Some(version), Ok(tag)) = (now.tags.get(tag), tag.parse()) else {
        return false;
    };
    let goes_there = |other: &ReleaseVersion| DistTag::of(other).contains(&tag);
    let mut others = now.versions.keys().map(|other| parse(other)).filter(goes_there);
    others.any(|other| other.is_above(&parse(version)))
}

/// What is wrong with how a command ended.
fn problem(actor: &Actor, states: &[PackageState]) -> Option<&'static str> {
    let command = actor.command;
    let now = states.last().unwrap();
    // The same command again never moves the tag down, but for a rollback.
    if let Some(again) = command.plan(now).filter(|_| !command.goes_down()) {
        let [before, after] = [&again.tags_before, &again.tags_after].map(|tags| tags.get(&again.tag));
        if before
            .zip(after)
            .is_some_and(|(before, after)| parse(before).is_above(&parse(after)))
        {
            return Some("again, it moves the tag down");
        }
        let is_at_it = before == after && matches!(command, Publish(..));
        if is_at_it && is_behind(now, &again.tag) {
            return Some("again, it leaves the tag on the lower version");
        }
    }
    let plan = actor.plan.as_ref()?;
    let goes_down = |broken: &String| parse(broken).is_above(&parse(&plan.version));
    if !plan.broken.as_ref().is_none_or(goes_down) {
        return Some("a rollback does not go down");
    }
    let lowered = actor.wrote.is_some_and(|wrote| wrote.lowered);
    if lowered && actor.wrote.is_some_and(|wrote| wrote.was_seen) {
        return Some("it moved a tag down that it had just seen");
    }
    match actor.end.as_ref().unwrap() {
        End::Seen(Sight::Done { notes, rival }) => {
            let served = &now.versions.get(&plan.version)?.integrity;
            if let Publish(_, _, bytes) = command
                && *served != Some(Integrity(bytes.to_owned()))
            {
                return Some("it says that its bytes are there");
            }
            let moved_on = notes.iter().find_map(|note| note.split_once(" has moved on to "));
            if moved_on.is_some_and(|(_, to)| !parse(to).is_above(&parse(&plan.version))) {
                return Some("the tag has not moved on");
            }
            let is_told = rival.is_some() || moved_on.is_some();
            (lowered && !is_told).then_some("it moved a tag down without a word")
        }
        End::Seen(Sight::Overtaken { by }) => {
            let is_so = now.versions.contains_key(by) && parse(by).is_above(&parse(&plan.version));
            (!is_so).then_some("nothing has overtaken it")
        }
        End::Already => {
            let is_so = |state: &PackageState| state.tags.get(&plan.tag) == Some(&plan.version);
            (!states.iter().any(is_so)).then_some("it was never so")
        }
        End::Outdated => actor.wrote.is_some().then_some("it did write"),
        End::Seen(_) | End::Refused | End::Unseen => None,
    }
}

#[test]
fn no_order_of_two_commands_and_no_old_answer_lowers_a_tag_in_silence() {
    let (mut ways, mut lowered) = (0, 0);
    for (beginning, commands) in BEGINNINGS {
        let RegistryState::Package(beginning) = package(beginning) else {
            unreachable!()
        };
        let pairs = commands
            .iter()
            .enumerate()
            .flat_map(|(index, one)| commands[index..].iter().map(move |other| [*one, *other]));
        for pair in pairs {
            explore(
                std::slice::from_ref(&beginning),
                &pair.map(Actor::new),
                0,
                &mut |states, actors| {
                    for actor in actors {
                        let problem = problem(actor, states);
                        assert!(problem.is_none(), "{problem:?}: {actors:#?} {states:#?}");
                    }
                    ways += 1;
                    lowered += usize::from(
                        actors
                            .iter()
                            .any(|actor| actor.wrote.is_some_and(|wrote| wrote.lowered)),
                    );
                },
            );
        }
    }
    assert!(
        ways > 10_000 && lowered > 100,
        "{ways} ways, and {lowered} of them lower a tag"
    );
}

#[test]
fn two_publications_end_with_the_tag_at_the_higher_one_or_with_somebody_who_knows() {
    let (beginning, commands) = BEGINNINGS[0];
    let RegistryState::Package(beginning) = package(beginning) else {
        unreachable!()
    };
    let publications: Vec<Command> = commands
        .iter()
        .copied()
        .filter(|command| matches!(command, Publish(..)))
        .collect();
    let mut behind = 0;
    for (one, other) in publications
        .iter()
        .flat_map(|one| publications.iter().map(move |other| (one, other)))
    {
        explore(
            std::slice::from_ref(&beginning),
            &[one, other].map(|command| Actor::new(*command)),
            0,
            &mut |states, actors| {
                let now = states.last().unwrap();
                let plans = actors.iter().filter_map(|actor| actor.plan.as_ref());
                let is_behind = plans.into_iter().any(|plan| is_behind(now, &plan.tag));
                let is_done = |actor: &Actor| matches!(actor.end, Some(End::Seen(Sight::Done { .. })));
                assert!(
                    !is_behind || !actors.iter().all(is_done),
                    "{actors:#?} {states:#?}"
                );
                behind += usize::from(is_behind);
            },
        );
    }
    assert!(behind > 0, "some order does leave the tag behind");
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
        6 => published.prop_map(|(version, tag)| Publish(version, tag, "sha512-a")),
        3 => proptest::sample::select(&["next", "release-1.0"][..]).prop_map(Promote),
        1 => Just(Rollback("latest", None, None)),
        1 => Just(Rollback("next", None, None)),
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
            let Some(decision) = command.plan(&registry) else { continue };
            command.write(&decision, &mut registry);
            for (tag, before) in &before {
                let after = &registry.tags[tag];
                let moved = before != after;
                prop_assert!(!moved || *tag == decision.tag, "{command:?} moved {tag}");
                let is_down = parse(before).is_above(&parse(after));
                prop_assert!(!moved || is_down == command.goes_down(), "{command:?}: {tag} {before} to {after}");
            }
            prop_assert!(!parse(&registry.tags["latest"]).is_prerelease());
        }
    }
}
