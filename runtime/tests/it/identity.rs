//! Only a process that is proven ours is signalled, and only a port that proves itself is told anything.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use ktx_runtime::{BaseUrl, Caller, DaemonStatusKind, ExplicitDaemon, StartMode, StopMethod, StopReport};
use serde_json::Value;

use crate::request::read_request;
use crate::sandbox::{Sandbox, eventually, processes, start};

/// A program that has nothing to do with us, ended when the test ends.
struct Bystander(Child);

impl Bystander {
    fn new() -> Bystander {
        Bystander(Command::new("sleep").arg("600").spawn().expect("sleep runs"))
    }

    #[track_caller]
    fn assert_alive(&mut self, after: &str) {
        assert!(
            self.0.try_wait().expect("it can be asked").is_none(),
            "the bystander was ended by {after}"
        );
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a real daemon, ends it behind our back, and records what `change` makes of its state.
fn recorded(sandbox: &Sandbox, change: impl FnOnce(&mut Value)) {
    let runtime = sandbox.runtime();
    let report = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    processes::kill(report.state.pid.0, "KILL");
    let dead = format!("Daemon process {} is not running", report.state.pid.0);
    eventually("it is seen to be dead", || runtime.daemon_status().detail == dead);
    let path = &runtime.layout().daemon_state_path;
    let mut state: Value = serde_json::from_slice(&fs_err::read(path).expect("the state")).expect("JSON");
    change(&mut state);
    fs_err::write(path, state.to_string()).expect("written");
}

#[test]
fn a_process_that_has_the_pid_now_survives_stop_start_and_force() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let mut bystander = Bystander::new();
    let pid = bystander.0.id();

    recorded(&sandbox, |state| state["pid"] = pid.into());
    let state = fs_err::read(&runtime.layout().daemon_state_path).expect("the state");
    assert_eq!(runtime.daemon_status().kind, DaemonStatusKind::Stale);
    let stopped = runtime.stop().expect("it stops");
    assert!(
        matches!(
            stopped,
            StopReport::Stopped {
                method: StopMethod::NotOurs,
                ..
            }
        ),
        "{stopped:?}"
    );
    bystander.assert_alive("stop");

    for mode in [StartMode::Reuse, StartMode::Restart] {
        fs_err::write(&runtime.layout().daemon_state_path, &state).expect("written");
        runtime.start(&start(mode)).expect("it starts");
        bystander.assert_alive("start");
        runtime.stop().expect("it stops");
        bystander.assert_alive("stop after start");
    }
    fs_err::write(&runtime.layout().daemon_state_path, &state).expect("written");
    runtime
        .install(&crate::sandbox::core(ktx_runtime::InstallMode::Always))
        .expect("it installs");
    bystander.assert_alive("install");
}

/// Every recorded field alone is not enough, and a state of the first release has none.
#[test]
fn each_field_of_the_identity_is_needed() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let path = runtime.layout().daemon_state_path.clone();
    let report = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    let pid = report.state.pid.0;
    let token = sandbox.version_dir().join("daemon.token");
    let good: Value = serde_json::from_slice(&fs_err::read(&path).expect("the state")).expect("JSON");
    for (field, value) in [
        ("processStartedAt", Value::from("1")),
        ("processStartedAt", Value::Null),
        ("executable", Value::from("/usr/bin/env")),
        ("executable", Value::Null),
        ("bootId", Value::from("another boot")),
        ("bootId", Value::Null),
    ] {
        let mut state = good.clone();
        state[field] = value.clone();
        // Without the token the port cannot prove itself either.
        let _ = fs_err::remove_file(&token);
        fs_err::write(&path, state.to_string()).expect("written");
        let stopped = runtime.stop().expect("it stops");
        assert!(
            matches!(
                stopped,
                StopReport::Stopped {
                    method: StopMethod::NotOurs,
                    ..
                }
            ),
            "{field}={value}: {stopped:?}"
        );
        assert!(
            processes::daemons_under(sandbox.path())
                .iter()
                .any(|daemon| daemon.pid == pid),
            "{field}={value}"
        );
    }
    // With all of them it is signalled even without its token.
    fs_err::write(&path, good.to_string()).expect("written");
    let stopped = runtime.stop().expect("it stops");
    assert!(
        matches!(
            stopped,
            StopReport::Stopped {
                method: StopMethod::Terminated,
                ..
            }
        ),
        "{stopped:?}"
    );
}

/// A state without identity, but with a token whose holder listens: asked to end, not signalled.
#[test]
fn the_proof_alone_is_enough_to_ask() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let path = runtime.layout().daemon_state_path.clone();
    runtime.start(&start(StartMode::Reuse)).expect("it starts");
    let mut state: Value = serde_json::from_slice(&fs_err::read(&path).expect("the state")).expect("JSON");
    state["executable"] = Value::Null;
    fs_err::write(&path, state.to_string()).expect("written");
    let stopped = runtime.stop().expect("it stops");
    assert!(
        matches!(
            stopped,
            StopReport::Stopped {
                method: StopMethod::Asked,
                ..
            }
        ),
        "{stopped:?}"
    );
    eventually("it leaves", || {
        processes::daemons_under(sandbox.path()).is_empty()
    });
}

/// Answers every request as a healthy daemon would, and keeps what it was sent.
struct Imposter {
    port: u16,
    heard: Arc<Mutex<String>>,
}

impl Imposter {
    /// What it says about itself is what the recorded daemon would say, but for what only that can know.
    fn new() -> Imposter {
        let package_version = crate::sandbox::tools::package_version();
        let answer = format!(
            r#"{{"status":"healthy","version":"{}","packageVersion":"{package_version}","instance":"x"}}"#,
            crate::sandbox::VERSION
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(String::new()));
        let ears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let request = read_request(&stream);
                ears.lock().expect("ears").push_str(&request);
                let response = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-ktx-proof: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                    "0".repeat(64),
                    answer.len()
                );
                let _ = stream.write_all(response.as_bytes());
            }
        });
        Imposter { port, heard }
    }
}

#[test]
fn an_imposter_on_the_recorded_port_hears_no_secret() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let imposter = Imposter::new();
    let mut bystander = Bystander::new();
    let pid = bystander.0.id();
    recorded(&sandbox, |state| {
        state["port"] = imposter.port.into();
        state["pid"] = pid.into();
    });
    let token = fs_err::read_to_string(sandbox.version_dir().join("daemon.token")).expect("the token");
    let status = runtime.daemon_status();
    assert_eq!(status.kind, DaemonStatusKind::Stale);
    assert_eq!(
        status.detail,
        "Health check was answered by something that is not the recorded daemon"
    );
    let report = runtime.start(&start(StartMode::Reuse)).expect("another starts");
    assert_ne!(
        report.state.port.map(std::num::NonZeroU16::get),
        Some(imposter.port)
    );
    runtime.stop().expect("it stops");
    bystander.assert_alive("stop");
    let heard = imposter.heard.lock().expect("ears").clone();
    assert!(heard.contains("GET /health"), "{heard}");
    assert!(heard.to_lowercase().contains("x-ktx-nonce"), "{heard}");
    for secret in [token.trim(), "authorization", "Authorization", "POST"] {
        assert!(!heard.contains(secret), "the imposter heard {secret}: {heard}");
    }
}

/// A URL that the user named is asked whatever listens there, but without a token that it does not prove to hold.
#[test]
fn an_explicit_url_on_the_recorded_port_gets_no_token_without_proof() {
    let sandbox = Sandbox::with_installed_payload();
    let imposter = Imposter::new();
    recorded(&sandbox, |state| state["port"] = imposter.port.into());
    let file = sandbox.version_dir().join("daemon.token");
    let token = fs_err::read_to_string(&file).expect("the token");
    let url: BaseUrl = format!("http://127.0.0.1:{}", imposter.port)
        .parse()
        .expect("a URL");
    let named = Sandbox::with_payload().set("KTX_DAEMON_TOKEN_FILE", &file);
    for runtime in [sandbox.runtime(), named.runtime()] {
        let daemon = ExplicitDaemon::new(runtime, url.clone());
        daemon
            .post(Caller::Daemon, "/anything", &serde_json::json!({}))
            .expect("the imposter answers everything");
    }
    let heard = imposter.heard.lock().expect("ears").clone();
    assert!(heard.contains("POST /anything"), "{heard}");
    for secret in [token.trim(), "authorization", "Authorization"] {
        assert!(!heard.contains(secret), "the imposter heard {secret}: {heard}");
    }
}

#[test]
fn a_daemon_whose_parent_never_reaps_it_is_gone_when_it_has_ended() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    // A zombie with the recorded identity: ended, and kept by this process, its parent.
    let mut child = Command::new("true").spawn().expect("true runs");
    let pid = child.id();
    eventually("it ends", || {
        fs_err::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    });
    recorded(&sandbox, |state| state["pid"] = pid.into());
    assert_eq!(
        runtime.daemon_status().detail,
        format!("Daemon process {pid} is not running")
    );
    let stopped = runtime.stop().expect("it stops");
    assert!(
        matches!(
            stopped,
            StopReport::Stopped {
                method: StopMethod::AlreadyGone,
                ..
            }
        ),
        "{stopped:?}"
    );
    child.wait().expect("it is reaped");
}
