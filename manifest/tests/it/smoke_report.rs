//! The smoke report: its text, its verdict, and what its reader refuses.

use ktx_manifest::smoke_report::{SmokeReport, SmokeVerdict};
use ktx_manifest::{Platform, Sha256Digest};
use serde_json::{Value, json};

fn report() -> Value {
    let digest = Sha256Digest::of("x").to_string();
    json!({
        "schemaVersion": 1,
        "platform": "linux-x64",
        "source": { "kind": "artifacts" },
        "tarball": { "file": "kaelio-ktx-0.1.0.tgz", "sha256": digest, "bytes": 1 },
        "wheel": { "file": "kaelio_ktx-0.1.0-py3-none-any.whl", "sha256": digest, "bytes": 1 },
        "policySha256": digest,
        "toolVersions": { "npm": "11.0.0", "uv": "0.9.0" },
        "startedAt": "2031-01-01T00:00:00Z",
        "finishedAt": "2031-01-01T00:01:00Z",
        "scenarios": [
            {
                "name": "npm-local",
                "outcome": { "status": "passed" },
                "seconds": 1.5,
                "steps": [{ "name": "installs", "seconds": 1.5 }]
            },
            {
                "name": "postgres",
                "outcome": { "status": "skipped", "reason": "Postgres is not installed" },
                "seconds": 0.0,
                "steps": []
            }
        ]
    })
}

fn load(report: &Value) -> Result<SmokeReport, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(SmokeReport::file_name(Platform::LinuxX64));
    fs_err::write(&path, report.to_string()).unwrap();
    SmokeReport::load(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "[PATH]"))
}

#[test]
fn reads_what_it_writes() {
    let read = load(&report()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read.to_text()).unwrap(), report());
    assert_eq!(load(&serde_json::from_str(&read.to_text()).unwrap()), Ok(read));
}

#[test]
fn is_green_only_when_all_of_it_passed() {
    let mut report = report();
    let names = |verdict: &str| vec![verdict.to_owned()];
    assert_eq!(
        load(&report).unwrap().verdict(),
        SmokeVerdict::Incomplete(names("postgres"))
    );
    report["scenarios"][1]["outcome"] = json!({ "status": "failed", "code": "exit", "message": "1" });
    assert_eq!(
        load(&report).unwrap().verdict(),
        SmokeVerdict::Failed(names("postgres"))
    );
    report["scenarios"].as_array_mut().unwrap().pop();
    let green = load(&report).unwrap();
    assert_eq!(green.verdict(), SmokeVerdict::Green);
    assert!(green.passed("npm-local") && !green.passed("published"));
    report["scenarios"] = json!([]);
    assert_eq!(load(&report).unwrap().verdict(), SmokeVerdict::Empty);
}

#[test]
fn refuses_what_no_run_writes() {
    for (pointer, value, message) in [
        ("/schemaVersion", json!(2), "unsupported schemaVersion 2"),
        ("/platform", json!("plan9-x64"), "unknown platform `plan9-x64`"),
        (
            "/source",
            json!({ "kind": "elsewhere" }),
            "unknown variant `elsewhere`",
        ),
        (
            "/source",
            json!({ "kind": "artifacts", "url": "x" }),
            "unknown field `url`",
        ),
        ("/tarball/file", json!("../x.tgz"), "unsafe path `../x.tgz`"),
        ("/tarball/sha256", json!("00"), "`00` is not a SHA-256 digest"),
        ("/tarball", json!({}), "missing field `file`"),
        ("/policySha256", json!(null), "invalid type: null"),
        ("/finishedAt", json!("2030-12-31T23:59:59Z"), "before its start"),
        ("/startedAt", json!("soon"), "failed to parse"),
        (
            "/scenarios/1/name",
            json!("npm-local"),
            "scenario `npm-local` is listed twice",
        ),
        (
            "/scenarios/0/steps",
            json!([]),
            "scenario `npm-local` passed without a step",
        ),
        ("/scenarios/0/outcome/status", json!("ok"), "unknown variant `ok`"),
        (
            "/scenarios/0/outcome",
            json!({ "status": "failed" }),
            "missing field `code`",
        ),
        (
            "/scenarios/0/steps/0",
            json!({ "name": "a", "seconds": 1, "b": 1 }),
            "unknown field `b`",
        ),
    ] {
        let mut report = report();
        *report.pointer_mut(pointer).unwrap() = value;
        let error = load(&report).expect_err(pointer);
        assert!(
            error.starts_with("failed to read `[PATH]`: ") && error.contains(message),
            "{pointer}: {error}"
        );
    }
}
