//! Starting and stopping the daemon.

use super::bench::Bench;

#[test]
fn starts_reuses_and_stops() {
    let bench = Bench::with_payload();
    let transcript = bench.transcript(&[
        &["runtime", "stop"],
        &["runtime", "start"],
        &["runtime", "start"],
        &["runtime", "stop"],
        &["runtime", "stop"],
        &["runtime", "stop", "--all"],
    ]);
    insta::assert_snapshot!(transcript, @"
    $ ktx runtime stop
    KTX Python daemon already stopped
    --- exit 0
    $ ktx runtime start
    Started KTX Python daemon
    url: http://127.0.0.1:[PORT]
    pid: [PID]
    version: [VERSION]
    features: core
    state: [SANDBOX]/runtime/[VERSION]/daemon.json
    stdout: [SANDBOX]/runtime/[VERSION]/daemon.stdout.log
    stderr: [SANDBOX]/runtime/[VERSION]/daemon.stderr.log
    --- exit 0
    $ ktx runtime start
    Using existing KTX Python daemon
    url: http://127.0.0.1:[PORT]
    pid: [PID]
    version: [VERSION]
    features: core
    state: [SANDBOX]/runtime/[VERSION]/daemon.json
    stdout: [SANDBOX]/runtime/[VERSION]/daemon.stdout.log
    stderr: [SANDBOX]/runtime/[VERSION]/daemon.stderr.log
    --- exit 0
    $ ktx runtime stop
    Stopped KTX Python daemon
    pid: [PID]
    state: [SANDBOX]/runtime/[VERSION]/daemon.json
    how: it ended when asked to
    --- exit 0
    $ ktx runtime stop
    KTX Python daemon already stopped
    --- exit 0
    $ ktx runtime stop --all
    KTX Python daemon already stopped
    --- exit 0
    ");
}

#[test]
fn json_tells_the_same_and_stop_all_names_versions() {
    let bench = Bench::with_payload();
    let started = bench
        .sandbox()
        .run(&["runtime", "start", "--json"])
        .succeeds()
        .json();
    assert_eq!(started["outcome"], "started");
    let forced = bench
        .sandbox()
        .run(&["runtime", "start", "--force", "--json"])
        .succeeds()
        .json();
    assert_eq!(forced["outcome"], "started");
    assert_ne!(forced["pid"], started["pid"]);
    let url = forced["url"].as_str().expect("a URL");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let stopped = bench
        .sandbox()
        .run(&["runtime", "stop", "--all", "--json"])
        .succeeds()
        .json();
    assert_eq!(stopped[0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&stopped[0]["outcome"], &stopped[0]["pid"]),
        (&"stopped".into(), &forced["pid"])
    );
    assert_eq!(stopped[0]["method"], "shutdown-request");
    let again = bench
        .sandbox()
        .run(&["runtime", "stop", "--json"])
        .succeeds()
        .json();
    assert_eq!(again["outcome"], "already-stopped");
}

#[test]
fn a_proxy_is_not_asked_for_a_daemon_of_this_machine() {
    let bench = Bench::with_payload();
    bench.install();
    let nobody = "http://127.0.0.1:1";
    let bench = bench
        .variable("HTTP_PROXY", nobody)
        .variable("http_proxy", nobody)
        .variable("ALL_PROXY", nobody);
    for expected in [
        "Started KTX Python daemon\n",
        "Using existing KTX Python daemon\n",
    ] {
        let shown = bench.sandbox().run(&["runtime", "start"]).succeeds().stdout();
        assert!(shown.starts_with(expected), "{shown}");
    }
}

#[test]
fn a_state_that_is_damaged_is_mended_by_stop() {
    let bench = Bench::with_payload();
    let state = concat!(env!("CARGO_PKG_VERSION"), "/daemon.json");
    bench.write(state, "{\"pid\": 1");
    insta::assert_snapshot!(bench.transcript(&[&["runtime", "stop"]]), @"
    $ ktx runtime stop
    KTX Python daemon already stopped
    --- exit 0
    ");
    assert!(!bench.version_dir().join("daemon.json").exists());
    let dead = r#"{ "schemaVersion": 1, "pid": 2147483647, "host": "127.0.0.1", "port": 51234, "version": "VERSION",
        "features": ["core"], "startedAt": "2031-02-03T04:05:06.000Z", "stdoutLog": "a", "stderrLog": "b" }"#;
    bench.write(state, &dead.replace("VERSION", env!("CARGO_PKG_VERSION")));
    insta::assert_snapshot!(bench.transcript(&[&["runtime", "stop"]]), @"
    $ ktx runtime stop
    Stopped KTX Python daemon
    pid: [PID]
    state: [SANDBOX]/runtime/[VERSION]/daemon.json
    how: it had ended before; its state was removed
    --- exit 0
    ");
}
