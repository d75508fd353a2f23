//! Signals through the launcher, and its own death, in the middle of an installation, of a query and of serving.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::{Ended, Invocation, Running, Signal, signal, signal_group};
use crate::scenario::{Scenario, Set};
use crate::stage::{Installed, Stage};
use crate::step::Expectation;
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "signals",
    proves: "signals end an installation, a query and a server as they should, as does the launcher's death; nothing is left",
    set: Set::StandardOn(&["linux", "macos"]),
    needs: warehouse::NEEDS,
    run,
};

/// How long the command may take to reach the point of the interruption.
const UNDER_WAY: Duration = Duration::from_secs(60);

/// How long its processes may take to leave.
const LEAVING: Duration = Duration::from_secs(10);

/// The step, how it is interrupted, and how the command then ends.
struct Interruption(&'static str, Signal, Ended);

/// An installation that a signal without clean-up ends, or the death of the launcher.
const ENDINGS: [Interruption; 4] = [
    Interruption("hang-up-install", Signal::HangUp, Ended::Exit(129)),
    Interruption("quit-install", Signal::Quit, Ended::Signal(3)),
    Interruption("user-signal-install", Signal::User, Ended::Signal(USER_SIGNAL)),
    Interruption("orphan-install", Signal::Kill, Ended::Signal(9)),
];

/// SIGUSR1.
const USER_SIGNAL: i32 = if cfg!(target_os = "macos") { 30 } else { 10 };

/// The same of a server, whose standard input stays open.
const SERVED: [Interruption; 4] = [
    Interruption("hang-up-server", Signal::HangUp, Ended::Exit(129)),
    Interruption("interrupt-server", Signal::Interrupt, Ended::Exit(130)),
    Interruption("terminate-server", Signal::Terminate, Ended::Exit(143)),
    Interruption("orphan-server", Signal::Kill, Ended::Signal(9)),
];

/// An installation that cleans up. A program that a shell started in the background ignores Ctrl-C; a separate process
/// group is like a terminal's foreground.
const INSTALLING: [Interruption; 2] = [
    Interruption("interrupt-install", Signal::Interrupt, Ended::Exit(130)),
    Interruption("terminate-install", Signal::Terminate, Ended::Exit(143)),
];

/// The same of a query.
const QUERYING: [Interruption; 2] = [
    Interruption("interrupt-query", Signal::Interrupt, Ended::Exit(130)),
    Interruption("terminate-query", Signal::Terminate, Ended::Exit(143)),
];

/// Runs a command in a terminal and presses Ctrl-C there once a text is shown.
const TERMINAL: &str = include_str!("terminal.py");

/// Ctrl-C in a terminal, which sends it to launcher and program alike: the command, and what it shows when it is pressed.
const PRESSED: [(&str, &str, &str); 2] = [
    (
        "terminal-install",
        "runtime install --yes",
        "creating the virtual environment",
    ),
    ("terminal-server", "serve --mcp stdio", "ktx MCP server running"),
];

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    for interruption in &INSTALLING {
        in_the_middle_of_an_installation(stage, &ktx, interruption)?;
        stage
            .step("status-missing", ktx.ktx("runtime status --json"))
            .json("/kind", "missing")
            .check()?;
    }
    for interruption in &ENDINGS {
        in_the_middle_of_an_installation(stage, &ktx, interruption)?;
    }
    for interruption in &SERVED {
        in_the_middle_of_serving(stage, &ktx, interruption)?;
    }
    for (id, words, shown) in PRESSED {
        in_a_terminal(stage, &ktx, id, words, shown)?;
    }
    ktx.install_runtime()?;
    for interruption in &QUERYING {
        in_the_middle_of_a_query(stage, &ktx, interruption)?;
    }
    stage
        .step("status-ready", ktx.ktx("runtime status --json"))
        .json("/kind", "ready")
        .check()?;
    Ok(())
}

fn in_the_middle_of_an_installation(
    stage: &Stage<'_>,
    ktx: &Installed<'_>,
    interruption: &Interruption,
) -> Result<(), Stop> {
    let mark = stage.sandbox.folders().at("uv-was-started");
    let uv = hanging_uv(stage, &mark)?;
    let install = ktx.ktx("runtime install --yes").with("KTX_UV", uv.as_str());
    interrupted(stage, install, interruption, |_| mark.exists())?;
    fs::remove_file(&mark)?;
    Ok(())
}

/// A uv that answers questions, and hangs when it is told to do something: the middle of an installation, held open.
fn hanging_uv(stage: &Stage<'_>, mark: &Utf8Path) -> Result<Utf8PathBuf, Stop> {
    let uv = stage.sandbox.folders().at("hanging-uv");
    let real = stage.options.program("uv").unwrap_or_default();
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in --version|python) exec '{real}' \"$@\" ;; esac\n: > '{mark}'\nexec sleep 600\n"
    );
    fs::write(&uv, script)?;
    make_executable(&uv)?;
    Ok(uv)
}

fn in_a_terminal(
    stage: &Stage<'_>,
    ktx: &Installed<'_>,
    id: &'static str,
    words: &str,
    shown: &str,
) -> Result<(), Stop> {
    let uv = hanging_uv(stage, &stage.sandbox.folders().at("uv-was-started"))?;
    let pressed = Invocation::new("python3")
        .args(["-c", TERMINAL, shown])
        .args(ktx.ktx(words).argv())
        .with("KTX_UV", uv.as_str())
        .within(&ktx.project);
    stage
        .step(id, pressed)
        .exits(130)
        .stdout_has("interrupted by Ctrl-C")
        .check()?;
    leaves_nothing(stage, id)
}

/// The query is caught while its Python runs: the command line of a process says so.
fn in_the_middle_of_a_query(
    stage: &Stage<'_>,
    ktx: &Installed<'_>,
    interruption: &Interruption,
) -> Result<(), Stop> {
    let query = ktx.ktx("sl query --measure orders.order_count --no-input");
    let python = |_: &Running| {
        let members = stage.sandbox.family().members();
        members
            .iter()
            .any(|member| member.command_line.contains("/.venv/"))
    };
    interrupted(stage, query, interruption, python)
}

/// The launcher reads from a pipe that never ends, as with a client that outlives it.
fn in_the_middle_of_serving(
    stage: &Stage<'_>,
    ktx: &Installed<'_>,
    interruption: &Interruption,
) -> Result<(), Stop> {
    let serve = Invocation::new("sh")
        .args(["-c", "rm -f client; mkfifo client; exec \"$0\" \"$@\" <> client"])
        .args(ktx.ktx("serve --mcp stdio").argv())
        .within(&ktx.project);
    let serving = |running: &Running| running.stderr_so_far().contains("ktx MCP server running");
    interrupted(stage, serve, interruption, serving)
}

fn interrupted(
    stage: &Stage<'_>,
    invocation: Invocation,
    &Interruption(id, how, end): &Interruption,
    under_way: impl Fn(&Running) -> bool,
) -> Result<(), Stop> {
    let interrupt = |running: &Running| {
        let until = Instant::now() + UNDER_WAY;
        while !under_way(running) {
            stage.ensure("signal.under-way", Instant::now() < until, || {
                format!("nothing to interrupt came: {}", running.stderr_so_far())
            })?;
            std::thread::sleep(Duration::from_millis(1));
        }
        match how {
            // A terminal sends Ctrl-C to every process of the foreground; a service manager signals the first one.
            Signal::Interrupt => signal_group(running.pid(), how),
            _ => signal(running.pid(), how),
        }
        Ok(())
    };
    stage
        .step(id, invocation)
        .expect(Expectation::Ends(end))
        .check_while(interrupt)?;
    leaves_nothing(stage, id)
}

fn leaves_nothing(stage: &Stage<'_>, id: &str) -> Result<(), Stop> {
    let left = stage.sandbox.family().gone_within(LEAVING);
    stage.ensure("signal.process", left.is_empty(), || {
        format!("{id} leaves processes: {left:?}")
    })
}

#[cfg(unix)]
fn make_executable(path: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_path: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
