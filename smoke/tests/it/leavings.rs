//! A scenario that leaves something has failed, and what it left is still removed.

use fs_err as fs;
use ktx_smoke::{Invocation, Scenario, ScenarioResult, Silent, Stage, Stop, run};

use crate::stand::{scenario, stand};

static LEAVES_NOTHING: Scenario = scenario("leaves-nothing", |stage| {
    stage
        .step("speak", Invocation::new("echo").arg("hello"))
        .stdout_is("hello\n")
        .check()?;
    Ok(())
});

static LEAVES_A_PROCESS: Scenario = scenario("leaves-a-process", |stage| detach(stage, "sleep 600"));

static LEAVES_A_PROCESS_WITHOUT_ENVIRONMENT: Scenario =
    scenario("leaves-a-process-without-environment", |stage| {
        detach(stage, "env -i sleep 600")
    });

static LEAVES_A_FILE: Scenario = scenario("leaves-a-file", |stage| {
    stage
        .step(
            "leave",
            Invocation::new("sh").args(["-c", "echo x > \"$TMPDIR/left\""]),
        )
        .check()?;
    Ok(())
});

static FAILS: Scenario = scenario("fails", |stage| {
    stage
        .step("speak", Invocation::new("echo").arg("hello"))
        .stdout_is("goodbye\n")
        .stderr_has("x")
        .check()?;
    Ok(())
});

static TOUCHES_THE_USER: Scenario = scenario("touches-the-user", |stage| {
    // The sandbox does not say where the user's home is; the scenario has to be told by its place.
    let home = stage.options.folder.join("user/.config/pnpm");
    stage
        .step("touch", Invocation::new("mkdir").args(["-p", home.as_str()]))
        .check()?;
    Ok(())
});

fn detach(stage: &Stage<'_>, command: &str) -> Result<(), Stop> {
    let script = format!("{command} >/dev/null 2>&1 &");
    stage
        .step("detach", Invocation::new("sh").args(["-c".to_owned(), script]))
        .check()?;
    Ok(())
}

#[track_caller]
fn check(scenario: &'static Scenario, code: Option<&str>) {
    let stand = stand();
    let outcome = run(&stand.options, &[scenario], &Silent, &|| false).unwrap();
    let got = match &outcome.played[0].verdict {
        ScenarioResult::Failed(failure) => Some(failure.code.as_str()),
        ScenarioResult::Passed => None,
        ScenarioResult::Skipped(reason) => panic!("skipped: {reason}"),
    };
    assert_eq!(got, code);
    assert!(!outcome.played[0].steps.is_empty());
    let left: Vec<_> = fs::read_dir(stand.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with("ktx-smoke-")),
        "{left:?}"
    );
}

#[test]
fn each_kind_of_leaving_has_its_code() {
    check(&LEAVES_NOTHING, None);
    check(&LEAVES_A_PROCESS, Some("left.process"));
    check(&LEAVES_A_FILE, Some("left.file"));
    check(&FAILS, Some("speak.stdout"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_that_cleared_its_environment_is_found_by_where_it_is() {
    check(&LEAVES_A_PROCESS_WITHOUT_ENVIRONMENT, Some("left.process"));
}

#[test]
fn all_disappointments_of_a_step_are_shown_with_the_difference() {
    let stand = stand();
    let outcome = run(&stand.options, &[&FAILS], &Silent, &|| false).unwrap();
    let ScenarioResult::Failed(failure) = &outcome.played[0].verdict else {
        panic!("{:?}", outcome.played[0].verdict);
    };
    insta::assert_snapshot!(failure.shown, @r#"
    stdout is not what was expected
    --- expected
    +++ got
    @@ -1 +1 @@
    -goodbye
    +hello

    stderr lacks "x"
    $ echo hello
    exit 0
    --- stdout
    hello
    --- stderr
    "#);
}

#[test]
fn a_run_that_touches_the_users_folders_says_so() {
    let stand = stand();
    let outcome = run(&stand.options, &[&TOUCHES_THE_USER], &Silent, &|| false).unwrap();
    let folder = stand.options.folder.join("user/.config/pnpm");
    assert_eq!(outcome.touched, [format!("`{folder}` was made")]);
    let outcome = run(&stand.options, &[&LEAVES_NOTHING], &Silent, &|| false).unwrap();
    assert_eq!(outcome.touched, Vec::<String>::new());
}

#[test]
fn an_interrupted_run_plays_nothing_more_and_cleans_up() {
    let stand = stand();
    let outcome = run(&stand.options, &[&LEAVES_NOTHING, &FAILS], &Silent, &|| true).unwrap();
    assert!(outcome.interrupted);
    assert!(outcome.played.is_empty());
}
