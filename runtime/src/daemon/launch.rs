//! Spawning a daemon: recorded before it runs, watched until it is healthy, and gone when that fails.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::log_files;
use super::proof::{ExpectedDaemon, ProvenDaemon, prove};
use super::state::{DaemonState, Loopback, Phase, Pid, Version1};
use super::token::Token;
use crate::http::HttpClient;
use crate::installed::{InstalledManifest, read_regular};
use crate::layout::Layout;
use crate::locks::DaemonLockGuard;
use crate::observer::Step;
use crate::{Error, Runtime};
use ktx_system::process::{ProcessHandle, describe_exit, running_process, spawn_recorded};

/// How often a starting daemon's report is looked for.
const TICK: Duration = Duration::from_millis(3);
/// Four hours.
const DEFAULT_IDLE_SECONDS: &str = "14400";

/// What a daemon may see of our environment, as the handshake lists it; proxies and certificates come on top.
const PASSED: [&str; 14] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "TZ",
    "SENTENCE_TRANSFORMERS_HOME",
    "TORCH_HOME",
    "KTX_EMBEDDING_MODEL",
    "SYSTEMROOT",
    "LOCALAPPDATA",
    "USERPROFILE",
    "TEMP",
    "TMP",
];

/// A daemon that is healthy, and what was recorded of it.
pub struct Launched {
    pub state: DaemonState,
    pub daemon: ProvenDaemon,
}

/// What the daemon reports once it listens.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    #[expect(dead_code, reason = "reading checks it")]
    schema_version: Version1,
    pid: Pid,
    #[expect(dead_code, reason = "reading checks it")]
    host: Loopback,
    port: std::num::NonZeroU16,
    instance: String,
}

/// Spawns, records, waits. On an error the process and its record are gone.
pub fn launch(
    runtime: &Runtime,
    _lock: &DaemonLockGuard,
    manifest: &InstalledManifest,
) -> Result<Launched, Error> {
    let layout = runtime.layout();
    runtime.begin(Step::SpawnDaemon)?;
    let instance = ktx_system::random_hex::<16>()?;
    let token = Token::generate()?;
    token.write(&layout.daemon_token_path())?;
    let _ = fs_err::remove_file(layout.daemon_ready_path());
    let command = command(runtime, &instance)?;
    let mut state = first_state(runtime, manifest, &instance)?;
    let spawned = spawn_recorded(command, |pid| {
        let process = running_process(pid).ok_or_else(|| Error::DaemonStart {
            detail: "the process ended at once".to_owned(),
            stderr: layout.daemon_stderr_path.clone(),
        })?;
        state.identify(&process);
        state.write(&layout.daemon_state_path)
    });
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            forget(layout);
            return Err(match error {
                Error::Io(source) => start_error(
                    layout,
                    format!("failed to run `{}`: {source}", layout.python_path.display()),
                ),
                other => other,
            });
        }
    };
    match follow(runtime, &mut child, &mut state, &token, manifest) {
        Ok(daemon) => {
            // Reaped when it ends before this process does, so that no zombie stays with a long-lived server.
            std::thread::spawn(move || child.wait());
            Ok(Launched { state, daemon })
        }
        Err(error) => {
            end(&mut child, &state);
            forget(layout);
            Err(error)
        }
    }
}

/// Removes what is recorded of a daemon that is gone.
pub fn forget(layout: &Layout) {
    for path in [
        &layout.daemon_state_path,
        &layout.daemon_token_path(),
        &layout.daemon_ready_path(),
    ] {
        // What stays is stale, and the next command removes it.
        let _ = fs_err::remove_file(path);
    }
}

fn command(runtime: &Runtime, instance: &str) -> Result<Command, Error> {
    let layout = runtime.layout();
    let (stdout, stderr) = log_files::open(layout)?;
    let mut command = Command::new(&layout.python_path);
    command
        .args([
            "-I",
            "-m",
            "ktx_daemon",
            "serve-http",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--instance",
            instance,
        ])
        .arg("--token-file")
        .arg(layout.daemon_token_path())
        .arg("--ready-file")
        .arg(layout.daemon_ready_path())
        .arg("--idle-seconds")
        .arg(runtime.variable_or("KTX_DAEMON_IDLE_SECONDS", DEFAULT_IDLE_SECONDS))
        .current_dir(runtime.root())
        .env_clear()
        .env("KTX_DAEMON_VERSION", runtime.version())
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    command.envs(
        runtime
            .environment()
            .variables()
            .filter(|(name, _)| name.to_str().is_some_and(is_passed)),
    );
    Ok(command)
}

fn is_passed(name: &str) -> bool {
    PASSED.contains(&name)
        || crate::install::is_network_setting(name)
        || name.starts_with("HF_")
        || name.starts_with("TRANSFORMERS_")
}

fn first_state(
    runtime: &Runtime,
    manifest: &InstalledManifest,
    instance: &str,
) -> Result<DaemonState, Error> {
    let layout = runtime.layout();
    Ok(DaemonState {
        schema_version: Version1,
        pid: Pid(std::process::id()),
        host: Loopback,
        port: None,
        version: runtime.version().to_owned(),
        features: manifest.features.clone(),
        started_at: crate::clock::to_text(jiff::Timestamp::now()),
        stdout_log: layout.daemon_stdout_path.to_string_lossy().into_owned(),
        stderr_log: layout.daemon_stderr_path.to_string_lossy().into_owned(),
        instance: Some(instance.to_owned()),
        phase: Phase::Starting,
        executable: Some(fs_err::canonicalize(&layout.python_path)?),
        process_started_at: None,
        boot_id: None,
        package_version: None,
    })
}

/// From a running process to a proven, recorded daemon.
fn follow(
    runtime: &Runtime,
    child: &mut Child,
    state: &mut DaemonState,
    token: &Token,
    manifest: &InstalledManifest,
) -> Result<ProvenDaemon, Error> {
    let layout = runtime.layout();
    let deadline = Instant::now() + runtime.limits().start;
    runtime.begin(Step::AwaitReport)?;
    let instance = state.instance.clone().unwrap_or_default();
    let ready = await_report(runtime, child, &instance, deadline)?;
    runtime.begin(Step::AwaitHealth)?;
    let client = HttpClient::new(runtime.interrupt().clone());
    let package_version = manifest.asset.version.as_str();
    let expected = ExpectedDaemon {
        port: ready.port.get(),
        token,
        instance: &instance,
        version: runtime.version(),
        package_version: Some(package_version),
    };
    let daemon = loop {
        match prove(&client, &expected) {
            Ok(daemon) => break daemon,
            Err(unproven) => wait_or_fail(runtime, child, deadline, || unproven.detail)?,
        }
    };
    // On Windows the interpreter of a virtual environment is a launcher: the reporting process is another.
    if let Some(process) = running_process(ready.pid.0) {
        state.identify(&process);
        state.executable = process.executable.clone().or(state.executable.take());
    }
    state.port = Some(ready.port);
    state.phase = Phase::Ready;
    state.package_version = Some(daemon.package_version().to_owned());
    state.write(&layout.daemon_state_path)?;
    // Its report stays beside the state: if the state is damaged, the daemon can still be found.
    Ok(daemon)
}

fn await_report(
    runtime: &Runtime,
    child: &mut Child,
    instance: &str,
    deadline: Instant,
) -> Result<Ready, Error> {
    let path = runtime.layout().daemon_ready_path();
    loop {
        if let Some(ready) = read_report(&path).filter(|ready| ready.instance == instance) {
            return Ok(ready);
        }
        wait_or_fail(runtime, child, deadline, || {
            "it did not report where it listens".to_owned()
        })?;
    }
}

/// The daemon renames a complete file into place, so what is there is whole.
fn read_report(path: &Path) -> Option<Ready> {
    serde_json::from_slice(&read_regular(path, 4096).ok()?).ok()
}

/// The daemon of a version directory by its own report: for a state that cannot be read. Nothing but its proof says that
/// it is ours.
pub fn reported(layout: &Layout) -> Option<DaemonState> {
    let ready = read_report(&layout.daemon_ready_path())?;
    let version = layout.version_dir.file_name()?.to_str()?.to_owned();
    Some(DaemonState {
        schema_version: Version1,
        pid: ready.pid,
        host: Loopback,
        port: Some(ready.port),
        version,
        features: crate::FeatureSet::new([]),
        started_at: String::new(),
        stdout_log: String::new(),
        stderr_log: String::new(),
        instance: Some(ready.instance),
        phase: Phase::Ready,
        executable: None,
        process_started_at: None,
        boot_id: None,
        package_version: None,
    })
}

/// Waits a moment, unless there is nothing left to wait for.
fn wait_or_fail(
    runtime: &Runtime,
    child: &mut Child,
    deadline: Instant,
    detail: impl FnOnce() -> String,
) -> Result<(), Error> {
    runtime.interrupt().check()?;
    let layout = runtime.layout();
    if let Ok(Some(status)) = child.try_wait() {
        let said = log_files::last_line(&layout.daemon_stderr_path)
            .map_or(String::new(), |line| format!(": {line}"));
        return Err(start_error(
            layout,
            format!("the process ended with {}{said}", describe_exit(status)),
        ));
    }
    if Instant::now() >= deadline {
        return Err(start_error(layout, detail()));
    }
    std::thread::sleep(TICK);
    Ok(())
}

fn start_error(layout: &Layout, detail: String) -> Error {
    Error::DaemonStart {
        detail,
        stderr: layout.daemon_stderr_path.clone(),
    }
}

/// Ends a daemon that did not start: it is our own child, so this cannot hit another process.
fn end(child: &mut Child, state: &DaemonState) {
    const GRACE: Duration = Duration::from_secs(2);
    if let Some(handle) = ProcessHandle::open(child.id()) {
        handle.terminate();
        handle.ended_before(Instant::now() + GRACE);
    }
    let _ = child.kill();
    let _ = child.wait();
    if cfg!(windows)
        && let super::identity::Occupant::Ours(process) = super::identity::occupant(state)
    {
        process.handle.kill();
    }
}
