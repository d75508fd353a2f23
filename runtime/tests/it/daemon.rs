//! The real daemon: started, reused, restarted, stopped, and what its state may be damaged to.

use ktx_runtime::{
    DaemonStatusKind, InstallMode, StartMode, StartOutcome, StopMethod, StopReport, TimeLimits,
};

use crate::sandbox::{Sandbox, core, eventually, processes, start};

#[track_caller]
fn method(report: &StopReport) -> StopMethod {
    match report {
        StopReport::Stopped { method, .. } => *method,
        StopReport::AlreadyStopped => panic!("nothing was recorded"),
    }
}

#[test]
fn it_is_started_reused_restarted_and_stopped() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Stopped);
    assert_eq!(runtime.stop().expect("it stops"), StopReport::AlreadyStopped);

    let first = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    assert_eq!(first.outcome, StartOutcome::Started);
    assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Running);
    let state = fs_err::read(&runtime.layout().daemon_state_path).expect("the state");

    let second = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it is reused");
    assert_eq!(second.outcome, StartOutcome::Reused);
    assert_eq!(second.state, first.state);
    assert_eq!(
        fs_err::read(&runtime.layout().daemon_state_path).expect("the state"),
        state,
        "reusing writes nothing"
    );

    let third = runtime.start(&start(StartMode::Restart)).expect("another starts");
    assert_eq!(third.outcome, StartOutcome::Started);
    assert_ne!(third.state.pid, first.state.pid);
    let running = processes::daemons_under(sandbox.path());
    assert_eq!(
        running.iter().map(|daemon| daemon.pid).collect::<Vec<_>>(),
        [third.state.pid.0]
    );

    assert_eq!(method(&runtime.stop().expect("it stops")), StopMethod::Asked);
    assert_eq!(processes::daemons_under(sandbox.path()), []);
    assert_eq!(runtime.stop().expect("it stops"), StopReport::AlreadyStopped);
    for name in ["daemon.json", "daemon.token", "daemon.ready.json"] {
        assert!(!sandbox.version_dir().join(name).exists(), "{name} is left");
    }
}

#[test]
fn it_gets_neither_secrets_nor_our_environment() {
    let sandbox = Sandbox::with_installed_payload()
        .set("DATABASE_PASSWORD", "hunter22")
        .set("PYTHONPATH", "/nowhere");
    let report = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    let process = format!("/proc/{}", report.state.pid.0);
    let environment = fs_err::read(format!("{process}/environ")).expect("its environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let token = fs_err::read_to_string(sandbox.version_dir().join("daemon.token")).expect("the token");
    let state = fs_err::read_to_string(sandbox.version_dir().join("daemon.json")).expect("the state");
    let arguments = fs_err::read_to_string(format!("{process}/cmdline")).expect("its arguments");
    assert!(
        !environment.contains("hunter22") && !environment.contains("PYTHONPATH"),
        "{environment}"
    );
    for (name, text) in [
        ("environment", &environment),
        ("arguments", &arguments),
        ("state", &state),
    ] {
        assert!(!text.contains(token.trim()), "the token is in the {name}");
    }
    assert!(
        environment.contains("KTX_DAEMON_VERSION=0.1.0-rc.0"),
        "{environment}"
    );
    let status = fs_err::read_to_string(format!("{process}/status")).expect("its status");
    assert!(status.contains("Umask:\t0077"), "{status}");
    let directory = fs_err::read_link(format!("{process}/cwd")).expect("its directory");
    assert_eq!(directory, fs_err::canonicalize(sandbox.root()).expect("the root"));
    use std::os::unix::fs::MetadataExt;
    for name in [
        "daemon.token",
        "daemon.json",
        "daemon.stdout.log",
        "daemon.stderr.log",
    ] {
        let mode = fs_err::metadata(sandbox.version_dir().join(name))
            .expect(name)
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_stopped_process_is_not_waited_for_as_one_that_was_asked() {
    let sandbox = Sandbox::with_installed_payload();
    let report = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    processes::kill(report.state.pid.0, "STOP");
    let patient = TimeLimits {
        stop: std::time::Duration::from_secs(600),
        ..TimeLimits::default()
    };
    let began = std::time::Instant::now();
    let stopped = sandbox.runtime().limited_by(patient).stop().expect("it stops");
    assert!(
        began.elapsed() < std::time::Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert!(matches!(
        method(&stopped),
        StopMethod::Terminated | StopMethod::Killed
    ));
    assert_eq!(processes::daemons_under(sandbox.path()), []);
}

#[test]
fn one_that_died_is_replaced() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let first = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    processes::kill(first.state.pid.0, "KILL");
    let dead = format!("Daemon process {} is not running", first.state.pid.0);
    eventually("it is seen to be dead", || runtime.daemon_status().detail == dead);
    assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Stale);
    let second = runtime.start(&start(StartMode::Reuse)).expect("another starts");
    assert_eq!(second.outcome, StartOutcome::Started);
    processes::kill(second.state.pid.0, "KILL");
    let dead = format!("Daemon process {} is not running", second.state.pid.0);
    eventually("it is seen to be dead", || runtime.daemon_status().detail == dead);
    assert_eq!(
        method(&runtime.stop().expect("it stops")),
        StopMethod::AlreadyGone
    );
}

#[test]
fn whatever_the_state_file_holds_every_command_works_and_mends_it() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let path = runtime.layout().daemon_state_path.clone();
    let report = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    let good = fs_err::read_to_string(&path).expect("the state");
    runtime.stop().expect("it stops");
    let pid = report.state.pid.0.to_string();
    let damages: [(&str, String); 8] = [
        ("empty", String::new()),
        ("truncated", good[..good.len() / 2].to_owned()),
        ("not JSON", "daemon".to_owned()),
        ("another shape", "[]".to_owned()),
        ("another version", good.replace("0.1.0-rc.0", "0.0.9")),
        ("the pid of init", good.replace(&pid, "1")),
        ("a negative pid", good.replace(&pid, "-1")),
        ("half a start", good.replace("\"ready\"", "\"starting\"")),
    ];
    for (name, text) in damages {
        fs_err::write(&path, &text).expect("written");
        assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Stale, "{name}");
        runtime.doctor().expect(name);
        runtime.stop().expect(name);
        assert!(!path.exists(), "{name}");
        fs_err::write(&path, &text).expect("written");
        let report = runtime.start(&start(StartMode::Reuse)).expect(name);
        assert_eq!(report.outcome, StartOutcome::Started, "{name}");
        assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Running, "{name}");
        assert_eq!(processes::daemons_under(sandbox.path()).len(), 1, "{name}");
        runtime.stop().expect(name);
    }
}

#[test]
fn replacing_the_runtime_stops_the_daemon_of_the_old_one() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    runtime.start(&start(StartMode::Reuse)).expect("it starts");
    runtime.install(&core(InstallMode::Always)).expect("it installs");
    assert_eq!(processes::daemons_under(sandbox.path()), []);
    sandbox.assert_clean_and_ready();
    assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Stopped);
}

#[test]
fn an_installation_that_fails_leaves_the_daemon_running() {
    let (sandbox, _uv) = Sandbox::with_installed_payload()
        .with_fake_uv("--no-deps", crate::sandbox::fake_uv::Misbehaviour::Fails);
    let runtime = sandbox.runtime();
    let report = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    runtime.install(&core(InstallMode::Always)).expect_err("uv fails");
    let status = runtime.daemon_status();
    assert_eq!(
        (status.kind, status.state),
        (DaemonStatusKind::Running, Some(report.state))
    );
    sandbox.assert_imports();
}

#[test]
fn a_restart_that_fails_leaves_the_old_daemon_running() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let report = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    crate::daemon_faults::replace_module(&sandbox, "serve.py", b"raise SystemExit('no more')\n");
    let error = runtime
        .start(&start(StartMode::Restart))
        .expect_err("the new one fails");
    assert!(error.to_string().contains("no more"), "{error}");
    let status = runtime.daemon_status();
    assert_eq!(
        (status.kind, status.state),
        (DaemonStatusKind::Running, Some(report.state))
    );
    assert_eq!(processes::daemons_under(sandbox.path()).len(), 1);
}

#[test]
fn it_leaves_when_nobody_uses_it() {
    let sandbox = Sandbox::with_installed_payload().set("KTX_DAEMON_IDLE_SECONDS", "1");
    let report = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    let gone = format!("Daemon process {} is not running", report.state.pid.0);
    eventually("it leaves", || sandbox.runtime().daemon_status().detail == gone);
}

#[test]
fn stop_all_stops_those_of_every_version() {
    let sandbox = Sandbox::with_installed_payload();
    sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    let newer = ktx_runtime::Runtime::new(sandbox.environment(), "0.2.0", ktx_runtime::Interrupt::new())
        .expect("a root");
    assert_eq!(newer.stop().expect("it stops"), StopReport::AlreadyStopped);
    assert_eq!(
        processes::daemons_under(sandbox.path()).len(),
        1,
        "stop is about its own version"
    );
    let stopped = newer.stop_all().expect("no signal");
    assert_eq!(stopped.len(), 1);
    assert_eq!(stopped[0].version, crate::sandbox::VERSION);
    assert_eq!(
        method(stopped[0].outcome.as_ref().expect("it stops")),
        StopMethod::Asked
    );
    assert_eq!(processes::daemons_under(sandbox.path()), []);
}
