//! What installing does and leaves when nothing interferes, and what it refuses.

use ktx_fixtures::sample_assets::SampleAssets;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_runtime::{
    Event, Feature, FeatureSet, InstallMode, InstallOutcome, InstallRequest, Observer, StatusKind, Step,
};

use crate::sandbox::fake_uv::Misbehaviour;
use crate::sandbox::{Sandbox, VERSION, core};

#[test]
fn the_real_payload_is_installed_as_its_records_say() {
    let sandbox = Sandbox::with_payload();
    let report = sandbox.install();
    assert_eq!(report.outcome, InstallOutcome::Installed);
    sandbox.assert_clean_and_ready();
    let doctor = sandbox.runtime().doctor().expect("a report");
    assert!(doctor.is_healthy(), "{doctor:?}");
    let files = doctor
        .diagnostics
        .iter()
        .find(|fact| fact.id == "installed-files")
        .expect("the fact");
    assert_eq!(files.detail, "as recorded");
}

#[test]
fn bytecode_is_compiled_while_installing_for_those_who_ask_for_it() {
    let sandbox = Sandbox::with_sample().set("UV_COMPILE_BYTECODE", "1");
    sandbox.install();
    let cached = walk(&sandbox.version_dir())
        .into_iter()
        .filter(|path| path.contains("semantic_layer/__pycache__/"));
    assert!(cached.count() > 0, "every module is compiled");
}

#[test]
fn a_second_install_executes_nothing() {
    let (sandbox, uv) = Sandbox::with_sample().with_fake_uv("nothing", Misbehaviour::Nothing);
    assert_eq!(sandbox.install().outcome, InstallOutcome::Installed);
    let calls = uv.calls();
    let report = sandbox.install();
    assert_eq!(report.outcome, InstallOutcome::Reused);
    assert_eq!(uv.calls(), calls);
    let forced = sandbox
        .runtime()
        .install(&core(InstallMode::Always))
        .expect("it installs");
    assert_eq!(forced.outcome, InstallOutcome::Installed);
    assert_eq!(uv.installations(), 2);
    sandbox.assert_clean_and_ready();
}

#[test]
fn the_installed_manifest_says_what_was_installed() {
    let sandbox = Sandbox::with_sample();
    let before = sandbox.version_dir();
    sandbox.install();
    let text = fs_err::read_to_string(before.join("manifest.json")).expect("the manifest");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let time = document["installedAt"].as_str().expect("a time").to_owned();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    let digest = document["asset"]["wheel"]["sha256"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let bytes = document["asset"]["wheel"]["bytes"].to_string();
    let mut shown = text
        .replace(&sandbox.path().display().to_string(), "[SANDBOX]")
        .replace(&time, "[TIME]")
        .replace(&digest, "[WHEEL]")
        .replace(&format!("\"bytes\": {bytes}"), "\"bytes\": [BYTES]");
    for feature in Feature::ALL {
        let lock = &document["asset"]["requirements"][feature.name()]["sha256"];
        shown = shown.replace(lock.as_str().expect("a digest"), &format!("[{feature}]"));
    }
    insta::assert_snapshot!(shown, @r#"
    {
      "schemaVersion": 1,
      "cliVersion": "0.1.0-rc.0",
      "installedAt": "[TIME]",
      "asset": {
        "schemaVersion": 1,
        "distributionName": "kaelio-ktx",
        "normalizedName": "kaelio_ktx",
        "version": "0.1.0rc0",
        "wheel": {
          "file": "kaelio_ktx-0.1.0rc0-py3-none-any.whl",
          "sha256": "[WHEEL]",
          "bytes": [BYTES]
        },
        "requirements": {
          "core": {
            "file": "core.txt",
            "sha256": "[core]",
            "bytes": 37
          },
          "local-embeddings": {
            "file": "local-embeddings.txt",
            "sha256": "[local-embeddings]",
            "bytes": 49
          },
          "duckdb": {
            "file": "duckdb.txt",
            "sha256": "[duckdb]",
            "bytes": 39
          },
          "mysql": {
            "file": "mysql.txt",
            "sha256": "[mysql]",
            "bytes": 38
          },
          "clickhouse": {
            "file": "clickhouse.txt",
            "sha256": "[clickhouse]",
            "bytes": 43
          }
        },
        "requiresPython": ">=3.11"
      },
      "features": [
        "core"
      ],
      "python": {
        "executable": "[SANDBOX]/runtimes/0.1.0-rc.0/.venv/bin/python",
        "daemonExecutable": "[SANDBOX]/runtimes/0.1.0-rc.0/.venv/bin/ktx-daemon"
      },
      "installLog": "[SANDBOX]/runtimes/0.1.0-rc.0/install.log"
    }
    "#);
}

#[test]
fn repairing_keeps_features() {
    let sandbox = Sandbox::with_sample();
    let all = FeatureSet::from(Feature::LocalEmbeddings);
    let request = InstallRequest {
        features: all.clone(),
        mode: InstallMode::IfNeeded,
    };
    sandbox.runtime().install(&request).expect("it installs");
    let repaired = sandbox
        .runtime()
        .install(&core(InstallMode::Always))
        .expect("it installs");
    assert_eq!(repaired.manifest.features, all);
    // The same when what is there is broken.
    fs_err::remove_file(&sandbox.runtime().layout().python_path).expect("removed");
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Broken);
    assert_eq!(sandbox.install().manifest.features, all);
    sandbox.assert_clean_and_ready();
}

#[test]
fn another_wheel_is_installed_over_a_ready_runtime() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let mut wheel = SampleWheel::new("0.1.0rc0");
    wheel.set("semantic_layer/added.py", "X = 1\n");
    fs_err::remove_dir_all(sandbox.assets()).expect("removed");
    SampleAssets::with_wheel("0.1.0rc0", wheel.to_bytes()).write_to(&sandbox.assets());
    let status = sandbox.runtime().status();
    assert_eq!(status.kind, StatusKind::Mismatched);
    assert_eq!(
        status.detail,
        "Runtime was installed from another Python wheel than this package bundles"
    );
    assert_eq!(sandbox.install().outcome, InstallOutcome::Installed);
    sandbox.assert_clean_and_ready();
    assert!(
        walk(&sandbox.version_dir())
            .iter()
            .any(|path| path.ends_with("semantic_layer/added.py"))
    );
}

#[test]
fn the_message_of_a_failure_has_the_end_of_the_log_and_its_path() {
    let (sandbox, _uv) = Sandbox::with_sample().with_fake_uv("--require-hashes", Misbehaviour::Fails);
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::IfNeeded))
        .expect_err("uv fails");
    let shown = sandbox.redacted(&error.to_string());
    insta::assert_snapshot!(shown, @"
    Python runtime install failed.
    failed at installing Python dependencies: `uv pip install` ended with exit code 7
    $ [SANDBOX]/uv pip install --no-config --no-deps --require-hashes --link-mode copy -r requirements.txt -r wheel.txt --python [SANDBOX]/runtimes/.staging-0.1.0-rc.0-[RANDOM]/.venv/bin/python
    something is wrong
    Install log: [SANDBOX]/runtimes/0.1.0-rc.0/install.log
    ");
    let log = fs_err::read_to_string(sandbox.version_dir().join("install.log")).expect("the log");
    insta::assert_snapshot!(sandbox.redacted(&log), @"
    $ [SANDBOX]/uv venv --no-config --relocatable --python >=3.11 [SANDBOX]/runtimes/.staging-0.1.0-rc.0-[RANDOM]/.venv
    Using CPython [PYTHON]
    Creating virtual environment at: [SANDBOX]/runtimes/.staging-0.1.0-rc.0-[RANDOM]/.venv
    $ [SANDBOX]/uv pip install --no-config --no-deps --require-hashes --link-mode copy -r requirements.txt -r wheel.txt --python [SANDBOX]/runtimes/.staging-0.1.0-rc.0-[RANDOM]/.venv/bin/python
    something is wrong
    failed: failed at installing Python dependencies: `uv pip install` ended with exit code 7
    ");
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Missing);
}

/// Puts another wheel, good in itself, into the place of the one that was verified.
struct Swap(std::path::PathBuf);

impl Observer for Swap {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event, Event::Step(Step::InstallRequirements)) {
            let mut other = SampleWheel::new("0.1.0rc0");
            other.set("semantic_layer/added.py", "X = 1\n");
            fs_err::write(&self.0, other.to_bytes()).expect("written");
        }
    }
}

#[test]
fn a_wheel_that_changes_after_it_was_verified_is_not_installed() {
    let sandbox = Sandbox::with_sample();
    let wheel = sandbox.assets().join(SampleAssets::default().wheel_name());
    let runtime = sandbox.runtime().observed_by(Swap(wheel));
    let error = runtime
        .install(&core(InstallMode::IfNeeded))
        .expect_err("it is another wheel");
    assert!(error.to_string().contains("Hash mismatch"), "{error}");
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Missing);
}

/// Changes a file after uv wrote it and before it is compared.
struct Tamper(std::path::PathBuf);

impl Observer for Tamper {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event, Event::Step(Step::Prove)) {
            let installed = walk(&self.0)
                .into_iter()
                .find(|path| path.ends_with("semantic_layer/py.typed"));
            fs_err::write(self.0.join(installed.expect("the file")), "tampered\n").expect("written");
        }
    }
}

#[test]
fn what_is_not_as_its_record_says_is_not_installed() {
    let sandbox = Sandbox::with_sample();
    let runtime = sandbox.runtime().observed_by(Tamper(sandbox.root()));
    let error = runtime
        .install(&core(InstallMode::IfNeeded))
        .expect_err("it was tampered with");
    let text = error.to_string();
    assert!(
        text.contains("1 installed files differ from what kaelio-ktx 0.1.0rc0 and its dependencies record"),
        "{text}"
    );
    assert!(
        text.contains("semantic_layer/py.typed: its content is not what its RECORD says"),
        "{text}"
    );
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Missing);
}

#[test]
fn what_does_not_run_is_not_installed() {
    let endpoint = "class Endpoint:\n    module = 'ktx_daemon.gone'\nENDPOINTS = (Endpoint,)\n";
    for (module, code, reason) in [
        (
            "semantic_layer/__init__.py",
            "import gone\n",
            "No module named 'gone'",
        ),
        ("ktx_daemon/__init__.py", "raise OSError('too old')\n", "too old"),
        (
            "ktx_daemon/endpoints.py",
            endpoint,
            "No module named 'ktx_daemon.gone'",
        ),
    ] {
        let sandbox = Sandbox::with_sample();
        let mut wheel = SampleWheel::new("0.1.0rc0");
        wheel.set(module, code);
        fs_err::remove_dir_all(sandbox.assets()).expect("removed");
        SampleAssets::with_wheel("0.1.0rc0", wheel.to_bytes()).write_to(&sandbox.assets());
        let error = sandbox
            .runtime()
            .install(&core(InstallMode::IfNeeded))
            .expect_err("it does not run");
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(sandbox.runtime().status().kind, StatusKind::Missing);
        assert_eq!(sandbox.root_entries(), [".locks", VERSION]);
    }
}

#[test]
fn what_is_no_runtime_is_not_replaced() {
    let sandbox = Sandbox::with_sample();
    let precious = sandbox.version_dir().join("thesis.txt");
    fs_err::create_dir_all(sandbox.version_dir()).expect("a directory");
    fs_err::write(&precious, "years of work").expect("written");
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::Always))
        .expect_err("it is not ours");
    insta::assert_snapshot!(sandbox.redacted(&error.to_string()), @"
    failed to replace `[SANDBOX]/runtimes/0.1.0-rc.0`: it is not a KTX Python runtime (it holds `thesis.txt`)
    ");
    assert_eq!(
        error.hint().as_deref(),
        Some("move it away, or set KTX_RUNTIME_ROOT to another folder")
    );
    assert_eq!(
        fs_err::read_to_string(&precious).expect("it is there"),
        "years of work"
    );

    fs_err::remove_dir_all(sandbox.version_dir()).expect("removed");
    let target = sandbox.path().join("target");
    fs_err::create_dir(&target).expect("a directory");
    std::os::unix::fs::symlink(&target, sandbox.version_dir()).expect("a link");
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::Always))
        .expect_err("it is a link");
    assert!(error.to_string().contains("it is a link"), "{error}");
    fs_err::remove_file(sandbox.version_dir()).expect("removed");
    sandbox.install();
    sandbox.assert_clean_and_ready();
}

/// Every file below a directory, relative to it.
fn walk(directory: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs_err::read_dir(&next)
            .expect("a directory")
            .filter_map(Result::ok)
        {
            if entry.file_type().expect("a type").is_dir() {
                pending.push(entry.path());
            } else {
                found.push(
                    entry
                        .path()
                        .strip_prefix(directory)
                        .expect("below")
                        .display()
                        .to_string(),
                );
            }
        }
    }
    found
}
