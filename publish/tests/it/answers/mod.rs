//! Every way in which a registry may answer wrongly, for each command that writes: nothing wrong is written, and nothing
//! is said that is not so.

mod case;
mod table;

use std::sync::Mutex;
use std::thread;

use ktx_fixtures::registry_proxy::{Answer, Fault, Request};
use ktx_publish::{ErrorClass, PublishError};

use self::case::{Case, Claim, Command};
use self::table::{MEANWHILE, faults};
use super::support::tags;

/// Cases that wait for npm at the same time.
const WORKERS: usize = 4;

/// Runs every case, some at a time, and shows all that went wrong.
#[track_caller]
fn check<Row: Sync>(rows: &[Row], case: impl Fn(&Row) -> Option<String> + Sync) {
    let (left, problems) = (Mutex::new(rows.iter()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some(row) = left.lock().unwrap().next() else {
                return;
            };
            let problem = case(row);
            problems.lock().unwrap().extend(problem);
        }
    };
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(work);
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn survives(command: Command) {
    let faults = faults();
    assert!(faults.len() >= 60);
    check(&faults, |fault| {
        let case = Case::new(command, std::slice::from_ref(fault));
        let problem = case.problem(case.run(|_| ()));
        // Whatever came of it, the same command finishes when the registry behaves, and sends nothing twice.
        let again = || {
            let is_there = tags(&case.registry.url()) == command.tags().1;
            let writes = case.proxy.uploads();
            case.proxy.behave();
            let outcome = is_there.then(|| case.run(|_| ()));
            let is_done = matches!(outcome, None | Some(Ok(Claim::Done))) && case.proxy.uploads() == writes;
            (!is_done).then(|| format!("again: {:?}", outcome.and_then(Result::err)))
        };
        let problem = problem.or_else(again)?;
        Some(format!("{command:?} with {fault:?}: {problem}"))
    });
}

#[test]
fn publish_says_and_writes_only_what_is_so() {
    survives(Command::Publish);
}

#[test]
fn promote_says_and_writes_only_what_is_so() {
    survives(Command::Promote);
}

#[test]
fn rollback_says_and_writes_only_what_is_so() {
    survives(Command::Rollback);
}

#[test]
fn a_registry_that_behaves_lets_every_command_do_its_work() {
    check(&Command::ALL, |command| {
        let case = Case::new(*command, &[]);
        let outcome = case.run(|_| ());
        let error = outcome.as_ref().err().map(ToString::to_string);
        error.or_else(|| case.problem(outcome))
    });
}

#[test]
fn a_connection_that_is_reset_between_two_requests_stops_nothing() {
    // npm reads the package over the connection that it publishes over: that end is among the faults.
    let rows = [
        (Command::Publish, Request::Tarball),
        (Command::Promote, Request::Read),
        (Command::Promote, Request::Tarball),
        (Command::Rollback, Request::Read),
    ];
    check(&rows, |&(command, on)| {
        let case = Case::new(command, &[Fault::always(on, Answer::Reset)]);
        let outcome = case.run(|_| ());
        let error = outcome.as_ref().err().map(ToString::to_string);
        let problem = error.or_else(|| case.problem(outcome))?;
        Some(format!("{command:?}, {on:?}: {problem}"))
    });
}

#[test]
fn nothing_to_do_is_said_of_what_the_registry_shows_by_then() {
    check(&Command::ALL, |command| {
        let case = Case::new(*command, &[]);
        let first = case.run(|_| ()).err().map(|error| error.to_string());
        let writes = case.proxy.uploads();
        // The twin: nobody does anything, and there is nothing to do.
        let again = case.run(|_| ()).err().map(|error| error.to_string());
        let (tag, _) = command.aim();
        let moved = case.run(|case| case.registry.point(tag, command.before()));
        let is_noticed = matches!(
            moved,
            Err(PublishError::Outdated(_) | PublishError::WrongTag { .. })
        );
        let is_silent = case.proxy.uploads() == writes;
        let problem = first.or(again);
        problem.or_else(|| {
            let said = moved.err().map(|error| error.to_string());
            (!is_noticed || !is_silent).then(|| format!("{command:?} says {said:?}"))
        })
    });
}

#[test]
fn one_answer_that_the_package_is_unknown_is_not_taken_for_a_change() {
    check(&Command::ALL, |command| {
        let case = Case::new(*command, &[]);
        let unknown = Fault::once(Request::Read, Answer::Status(404));
        let outcome = case.run(|case| case.proxy.misbehave(std::slice::from_ref(&unknown)));
        let class = outcome.err().map(|error| error.class());
        let is_silent = class == Some(ErrorClass::Registry) && case.proxy.uploads() == 0;
        let again = case.run(|_| ()).err().map(|error| error.to_string());
        (!is_silent || again.is_some()).then(|| format!("{command:?}: {class:?}, then {again:?}"))
    });
}

#[test]
fn a_refused_write_has_one_exit_code_in_every_command() {
    let codes = documented();
    assert_eq!(codes.len(), 5, "{codes:?}");
    let rows: Vec<_> = codes
        .iter()
        .flat_map(|code| Command::ALL.map(|command| (command, *code)))
        .collect();
    check(&rows, |&(command, (status, class))| {
        let case = Case::new(command, &[Fault::always(Request::Write, Answer::Status(status))]);
        let found = case.run(|_| ()).err().map(|error| error.class());
        (found != Some(class)).then(|| format!("{command:?}, {status}: {found:?}, not {class:?}"))
    });
}

/// The answers to a write, and what they end with, as `docs/RELEASING.md` has them.
fn documented() -> Vec<(u16, ErrorClass)> {
    let document = include_str!("../../../../docs/RELEASING.md");
    let (_, table) = document.split_once("| answer to the write | exit |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let status = cells.next().unwrap().parse().unwrap();
        let class = match cells.next().unwrap() {
            "3" => ErrorClass::Refused,
            "4" => ErrorClass::Prerequisite,
            "5" => ErrorClass::Registry,
            "6" => ErrorClass::Integrity,
            exit => panic!("{exit}"),
        };
        (status, class)
    })
    .collect()
}

#[test]
fn what_somebody_else_does_meanwhile_is_never_undone() {
    let rows: Vec<_> = MEANWHILE
        .iter()
        .flat_map(|other| Command::ALL.map(|command| (command, *other)))
        .collect();
    check(&rows, |&(command, (what, other, in_the_way_of))| {
        let case = Case::new(command, &[]);
        let left = Mutex::new(String::new());
        let outcome = case.run(|case| {
            other(&case.registry.somebody());
            *left.lock().unwrap() = tags(&case.registry.url());
        });
        let (left, after) = (left.into_inner().unwrap(), tags(&case.registry.url()));
        let (own, target) = command.aim();
        let (expected, is_right) = match outcome {
            Ok(_) => {
                let done = left.split(' ').map(|tag| match tag.starts_with(own) {
                    true => format!("{own}={target}"),
                    false => tag.to_owned(),
                });
                (
                    done.collect::<Vec<_>>().join(" "),
                    !in_the_way_of.contains(&command),
                )
            }
            Err(PublishError::Outdated(_)) => (left, in_the_way_of.contains(&command)),
            Err(_) => (left, false),
        };
        (after != expected || !is_right)
            .then(|| format!("{command:?} while somebody {what}: {after}, not {expected}"))
    });
}

#[test]
fn a_move_at_the_last_moment_is_named_with_the_command_that_repeats_it() {
    // What is overwritten, where it is higher than what the command leaves.
    let rows = [
        (Command::Publish, &MEANWHILE[0], Some("0.5.0")),
        (Command::Promote, &MEANWHILE[0], Some("0.5.0")),
        (Command::Promote, &MEANWHILE[2], Some("0.4.0")),
        (Command::Promote, &MEANWHILE[4], None),
        (Command::Rollback, &MEANWHILE[1], Some("0.5.0")),
        (Command::Rollback, &MEANWHILE[5], None),
    ];
    check(&rows, |&(command, (what, other, _), higher)| {
        let (case, other) = (Case::new(command, &[]), *other);
        let somebody = case.registry.somebody();
        case.proxy.before_write(move || other(&somebody));
        let said = match case.run_with_notes() {
            Ok(notes) => notes.join("\n"),
            Err(error @ PublishError::WrongTag { .. }) => {
                format!("{error}\n{}", error.hint().unwrap_or_default())
            }
            Err(error) => return Some(format!("{command:?} while somebody {what}: {error}")),
        };
        let (tag, _) = command.aim();
        let repeated = higher.map(|version| format!("npm dist-tag add @kaelio/ktx@{version} {tag} "));
        let is_right = match &repeated {
            Some(repeated) => said.contains(repeated),
            None => !said.contains("npm dist-tag add"),
        };
        (!is_right).then(|| format!("{command:?} while somebody {what}: {said}"))
    });
}
