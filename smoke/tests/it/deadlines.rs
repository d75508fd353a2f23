//! A deadline ends everything that a command started, however it tried to get away.

use std::time::Duration;

use ktx_smoke::{Ended, Invocation, Sandbox};

use crate::stand::{machine, stand};

#[track_caller]
fn check(script: &str, deadline: Duration, ended: Ended) {
    let stand = stand();
    let sandbox = Sandbox::create(&stand.options.folder.join("box"), &machine(&[])).unwrap();
    let invocation = Invocation::new("sh").args(["-c", script]).deadline_of(deadline);
    let said = sandbox.run(&invocation, &|| false).unwrap();
    assert_eq!(said.ended, ended, "{script}");
    assert_eq!(
        sandbox.family().gone_within(Duration::from_secs(60)),
        [],
        "{script}"
    );
    sandbox.remove().unwrap();
    assert!(!sandbox.folders().root.exists());
}

#[test]
fn a_command_that_ends_by_itself_is_left_alone() {
    check("exit 3", Duration::from_secs(30), Ended::Exit(3));
    check("kill -TERM $$", Duration::from_secs(30), Ended::Signal(15));
}

#[test]
fn a_command_that_does_not_end_is_ended_with_its_children() {
    let deadline = Duration::from_millis(300);
    for script in [
        "sleep 600",
        "sleep 600 & sleep 600 & wait",
        "trap '' TERM INT; sleep 600 & wait; sleep 600",
        "setsid sleep 600 & sleep 600",
        "setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 & wait",
    ] {
        check(script, deadline, Ended::Deadline(deadline));
    }
}

#[test]
fn a_grandchild_that_holds_the_output_open_is_noticed_and_ended() {
    check("sleep 600 &", Duration::from_secs(30), Ended::PipeHeld);
    check(
        "setsid sleep 600 2>/dev/null &",
        Duration::from_secs(30),
        Ended::PipeHeld,
    );
}

#[test]
fn a_grandchild_that_is_just_leaving_is_waited_for() {
    check("sleep 0.2 &", Duration::from_secs(30), Ended::Exit(0));
}

#[test]
fn an_interruption_ends_a_command_at_once() {
    let stand = stand();
    let sandbox = Sandbox::create(&stand.options.folder.join("box"), &machine(&[])).unwrap();
    let said = sandbox
        .run(&Invocation::new("sleep").arg("600"), &|| true)
        .unwrap();
    assert_eq!(said.ended, Ended::Interrupted);
    assert!(said.elapsed < Duration::from_secs(60));
}

#[test]
fn input_output_and_errors_are_kept_apart() {
    let stand = stand();
    let sandbox = Sandbox::create(&stand.options.folder.join("box"), &machine(&[])).unwrap();
    let invocation = Invocation::new("sh")
        .args(["-c", "cat; echo talk >&2"])
        .reading("question");
    let said = sandbox.run(&invocation, &|| false).unwrap();
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str()),
        ("question", "talk\n")
    );
}

#[test]
fn the_environment_holds_nothing_of_the_callers() {
    let stand = stand();
    let given = machine(&[
        ("NPM_TOKEN", "canary"),
        ("HOME", "/home/canary"),
        ("SSL_CERT_FILE", "/ca.pem"),
    ]);
    let sandbox = Sandbox::create(&stand.options.folder.join("box"), &given).unwrap();
    let said = sandbox.run(&Invocation::new("env"), &|| false).unwrap();
    assert!(said.stdout.contains("SSL_CERT_FILE=/ca.pem\n"));
    assert!(!said.stdout.contains("canary"), "{}", said.stdout);
    assert!(!said.stdout.contains("CARGO"), "{}", said.stdout);
}
