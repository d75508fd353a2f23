//! Scans on locked, busy, large and full machines.

use assert_cmd::cargo::cargo_bin;
use insta::assert_snapshot;

use super::{CONFIG, TABLES, zoo};
use crate::sandbox::Sandbox;

#[test]
fn a_locked_database_is_told_from_a_broken_one() {
    let sandbox = zoo();
    let writer = rusqlite::Connection::open(sandbox.project().join("zoo.db")).expect("opens");
    writer
        .execute_batch("pragma locking_mode = exclusive; begin exclusive; create table z (a)")
        .expect("locks");
    let transcript = sandbox.run(&["connection", "test", "wh"]);
    assert_snapshot!(transcript, @r"
    $ ktx connection test wh
    --- stderr
    failed to open `[PROJECT]/zoo.db`: database is locked
    hint: another program holds it locked; run the command again when it is done
    --- exit 1
    ");
    drop(writer);
    assert_snapshot!(sandbox.run(&["connection", "test", "wh"]), @r"
    $ ktx connection test wh
    wh: ok, 3 tables (sqlite)
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["connection", "test", "--json"]), @r#"
    $ ktx connection test --json
    {
      "id": "wh",
      "connectionType": "sqlite",
      "ok": true,
      "tableCount": 3,
      "message": "Connected to wh: 3 tables",
      "warnings": []
    }
    --- exit 0
    "#);
    assert_snapshot!(sandbox.run(&["connection", "list"]), @r"
    $ ktx connection list
    wh	sqlite
    --- exit 0
    ");
}

#[test]
fn two_scans_at_once_both_finish() {
    let sandbox = zoo();
    let started: Vec<_> = (0..3)
        .map(|_| {
            sandbox
                .process(&["dev", "scan", "wh", "--json"])
                .stdout(std::process::Stdio::piped())
                .spawn()
        })
        .collect();
    for child in started {
        let output = child.expect("starts").wait_with_output().expect("ends");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(
        sandbox
            .read("semantic-layer/wh/_schema/public.yaml")
            .starts_with("tables:\n")
    );
}

#[test]
#[cfg(unix)]
fn a_thousand_tables_are_scanned_in_seconds() {
    let sandbox = Sandbox::with_config(CONFIG);
    let tables: String = (0..1000).fold(String::new(), |sql, n| {
        sql + &format!(
            "create table t{n} (id integer primary key, a text, b numeric, t_id integer references t0 (id));"
        )
    });
    sandbox.database("zoo.db", &format!("begin; {tables} commit;"));
    let scan = sandbox.process(&["dev", "scan", "wh", "--json"]);
    let timed = std::process::Command::new("sh")
        .args(["-c", "\"$@\" && times >&2", "sh"])
        .arg(scan.get_program())
        .args(scan.get_args())
        .current_dir(sandbox.project())
        .env_clear()
        .envs(sandbox.environment())
        .output();
    let output = timed.expect("starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
    assert_eq!(report["diffSummary"]["tablesAdded"], 1000);
    // Two seconds is what the shipped build may take; this one is not optimised.
    let budget = if cfg!(debug_assertions) { 10.0 } else { 2.0 };
    let seconds = processor_seconds(&String::from_utf8_lossy(&output.stderr));
    assert!(seconds < budget, "it took {seconds} s of a processor");
}

/// What a shell's `times` says of its children, such as `0m1.250s 0m0.040s`: other processes do not count in it.
#[cfg(unix)]
fn processor_seconds(times: &str) -> f64 {
    let children = times.lines().last().expect("a line");
    let seconds = children.split(' ').map(|time| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').expect("minutes");
        minutes.parse::<f64>().expect("minutes") * 60.0 + seconds.parse::<f64>().expect("seconds")
    });
    seconds.sum()
}

/// In its own mount namespace, so that nothing is left mounted however the test ends.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fills_up_costs_the_scan_and_nothing_else() {
    let may_mount = std::process::Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        ktx_fixtures::needs::skip("no permission to mount a small disk");
        return;
    }
    let sandbox = Sandbox::new();
    let database = sandbox.root().join("zoo.db").display().to_string();
    rusqlite::Connection::open(&database)
        .and_then(|zoo| zoo.execute_batch(TABLES))
        .expect("a database");
    let script = format!(
        r#"set -e
        mount -t tmpfs -o size=1m none .
        cd "$PWD"
        printf 'project: zoo\nconnections:\n  wh: {{driver: sqlite, path: "{database}", readonly: true}}\n' > ktx.yaml
        "$KTX" dev scan wh > /dev/null
        before=$(cat semantic-layer/wh/_schema/public.yaml raw-sources/wh/live-database/*/scan-report.json | cksum)
        mv "$SECOND" "{database}"
        dd if=/dev/zero of=filler bs=1k 2> /dev/null || true
        if "$KTX" dev scan wh > /dev/null 2> /dev/shm/ktx-full-$$; then echo "the full disk went unnoticed"; exit 1; fi
        cat /dev/shm/ktx-full-$$; rm /dev/shm/ktx-full-$$
        after=$(cat semantic-layer/wh/_schema/public.yaml raw-sources/wh/live-database/*/scan-report.json | cksum)
        test "$before" = "$after" || echo "something was lost"
        rm filler
        "$KTX" dev scan wh | grep 'New tables'
        "#
    );
    let second = sandbox.root().join("second.db");
    let more: String = (0..40)
        .map(|n| format!("create table t{n} (id integer primary key, a text, b text);"))
        .collect();
    rusqlite::Connection::open(&second)
        .and_then(|zoo| zoo.execute_batch(&format!("{TABLES}{more}")))
        .expect("a database");
    let mut command = std::process::Command::new("unshare");
    let output = command
        .args(["-m", "sh", "-c", &script])
        .env_clear()
        .envs(sandbox.environment())
        .env("KTX", cargo_bin!("ktx"))
        .env("SECOND", second)
        .current_dir(sandbox.project())
        .output()
        .expect("starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains(
            "hint: make room on the disk and run the command again; nothing that was there is lost"
        ),
        "{said}"
    );
    assert!(said.ends_with("New tables: 40\n"), "{said}");
    assert!(!said.contains("something was lost"), "{said}");
}
