//! Installing and the status before and after.

use super::bench::Bench;

#[test]
fn installs_reuses_and_shows_what_is_there() {
    let bench = Bench::with_sample();
    let transcript = bench.transcript(&[
        &["runtime", "status"],
        &["runtime", "install"],
        &["runtime", "install", "--yes"],
        &["runtime", "status"],
        &["runtime", "install", "--force", "--feature", "core"],
    ]);
    insta::assert_snapshot!(transcript, @"
    $ ktx runtime status
    KTX Python runtime
    status: missing
    detail: No runtime manifest at [SANDBOX]/runtime/[VERSION]/manifest.json
    runtime root: [SANDBOX]/runtime
    version dir: [SANDBOX]/runtime/[VERSION]
    --- exit 0
    $ ktx runtime install
    Installed KTX Python runtime
    version: [VERSION]
    features: core
    python: [SANDBOX]/runtime/[VERSION]/.venv/bin/python
    daemon: [SANDBOX]/runtime/[VERSION]/.venv/bin/ktx-daemon
    manifest: [SANDBOX]/runtime/[VERSION]/manifest.json
    install log: [SANDBOX]/runtime/[VERSION]/install.log
    --- exit 0
    $ ktx runtime install --yes
    Using existing KTX Python runtime
    version: [VERSION]
    features: core
    python: [SANDBOX]/runtime/[VERSION]/.venv/bin/python
    daemon: [SANDBOX]/runtime/[VERSION]/.venv/bin/ktx-daemon
    manifest: [SANDBOX]/runtime/[VERSION]/manifest.json
    install log: [SANDBOX]/runtime/[VERSION]/install.log
    --- exit 0
    $ ktx runtime status
    KTX Python runtime
    status: ready
    detail: Runtime ready at [SANDBOX]/runtime/[VERSION]
    runtime root: [SANDBOX]/runtime
    version dir: [SANDBOX]/runtime/[VERSION]
    features: core
    python: [SANDBOX]/runtime/[VERSION]/.venv/bin/python
    daemon: [SANDBOX]/runtime/[VERSION]/.venv/bin/ktx-daemon
    --- exit 0
    $ ktx runtime install --force --feature core
    Installed KTX Python runtime
    version: [VERSION]
    features: core
    python: [SANDBOX]/runtime/[VERSION]/.venv/bin/python
    daemon: [SANDBOX]/runtime/[VERSION]/.venv/bin/ktx-daemon
    manifest: [SANDBOX]/runtime/[VERSION]/manifest.json
    install log: [SANDBOX]/runtime/[VERSION]/install.log
    --- exit 0
    ");
}

#[test]
fn a_feature_that_is_missing_is_added_and_kept() {
    let bench = Bench::with_sample();
    let features = |arguments: &[&str]| {
        let transcript = bench.sandbox().run(arguments).succeeds().stdout();
        let line = transcript.lines().find(|line| line.starts_with("features: "));
        line.expect("a line of features").to_owned()
    };
    assert_eq!(features(&["runtime", "install"]), "features: core");
    let local = ["runtime", "install", "--feature", "local-embeddings"];
    assert_eq!(features(&local), "features: core, local-embeddings");
    assert_eq!(
        features(&["runtime", "install"]),
        "features: core, local-embeddings"
    );
    assert_eq!(
        features(&["runtime", "install", "--force"]),
        "features: core, local-embeddings"
    );
}

#[test]
fn json_is_one_document_with_stable_keys() {
    let bench = Bench::with_sample();
    let missing = bench
        .sandbox()
        .run(&["runtime", "status", "--json"])
        .succeeds()
        .json();
    assert_eq!(missing["kind"], "missing");
    assert!(missing.get("manifest").is_none());
    let keys: Vec<&String> = missing["layout"].as_object().expect("a layout").keys().collect();
    insta::assert_snapshot!(format!("{keys:?}"), @r#"["assetDir", "assetManifestPath", "cliVersion", "daemonPath", "daemonStatePath", "daemonStderrPath", "daemonStdoutPath", "installLogPath", "manifestPath", "pythonPath", "runtimeRoot", "venvDir", "versionDir"]"#);

    let installed = bench
        .sandbox()
        .run(&["runtime", "install", "--json"])
        .succeeds()
        .json();
    assert_eq!(installed["outcome"], "installed");
    assert_eq!(installed["features"], serde_json::json!(["core"]));
    let ready = bench
        .sandbox()
        .run(&["runtime", "status", "--json"])
        .succeeds()
        .json();
    assert_eq!(ready["kind"], "ready");
    assert_eq!(ready["manifest"]["cliVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(ready["manifest"]["asset"]["distributionName"], "kaelio-ktx");
    assert_eq!(
        ready["layout"]["manifestPath"],
        ready["layout"]["versionDir"].as_str().expect("a path").to_owned() + "/manifest.json"
    );
}

#[test]
fn without_uv_nothing_is_touched_and_the_message_says_what_to_do() {
    let bench = Bench::with_sample();
    let empty = bench.sandbox().root().join("empty");
    fs_err::create_dir(&empty).expect("a folder");
    let nowhere = empty.join("uv").display().to_string();
    let bench = bench.variable("KTX_UV", &nowhere);
    insta::assert_snapshot!(bench.transcript(&[&["runtime", "install"]]), @"
    $ ktx runtime install
    --- stderr
    failed to run `[SANDBOX]/empty/uv`: KTX_UV names no program
    hint: reinstall uv, or name a working one with KTX_UV, and retry: ktx runtime install --yes
    --- exit 1
    ");
    assert!(!bench.version_dir().exists());
    let bench = bench
        .variable("KTX_UV", "")
        .variable("PATH", &empty.display().to_string());
    assert!(
        bench
            .sandbox()
            .run(&["runtime", "install"])
            .stderr()
            .starts_with("uv is required to install")
    );
    // Said before somebody waits for an installation, and no part of what programs read.
    let said = bench.sandbox().run(&["runtime", "status"]).succeeds().stderr();
    assert!(said.contains("warning: uv was not found"), "{said}");
    assert!(said.contains("hint: install uv ("), "{said}");
    let json = bench.sandbox().run(&["runtime", "status", "--json"]).succeeds();
    assert_eq!(json.stderr(), "");
}

#[test]
fn assets_that_are_missing_or_damaged_are_refused_in_the_fixed_words() {
    let bench = Bench::with_sample();
    let assets = bench.sandbox().root().join("assets");
    let wheel = assets.join("kaelio_ktx-0.1.0rc0-py3-none-any.whl");
    let mut bytes = fs_err::read(&wheel).expect("the wheel");
    bytes.push(0);
    fs_err::write(&wheel, bytes).expect("written");
    let manifest = fs_err::read_to_string(assets.join("manifest.json")).expect("the manifest");
    let damaged = bench.transcript(&[&["runtime", "install"]]);
    let unsafe_name = manifest.replace("\"kaelio_ktx-0.1.0rc0-py3-none-any.whl\"", "\"../evil.whl\"");
    fs_err::write(assets.join("manifest.json"), unsafe_name).expect("written");
    let climbing = bench.transcript(&[&["runtime", "install"]]);
    fs_err::remove_file(assets.join("manifest.json")).expect("removed");
    let missing = bench.transcript(&[&["runtime", "install"]]);
    insta::assert_snapshot!(format!("{damaged}{climbing}{missing}"), @"
    $ ktx runtime install
    --- stderr
    Bundled Python runtime wheel checksum mismatch: [SANDBOX]/assets/kaelio_ktx-0.1.0rc0-py3-none-any.whl
    --- exit 1
    $ ktx runtime install
    --- stderr
    Unsafe runtime wheel filename in bundled manifest: ../evil.whl
    --- exit 1
    $ ktx runtime install
    --- stderr
    Missing bundled Python runtime manifest: [SANDBOX]/assets/manifest.json
    In a source checkout, build the local runtime assets with: cargo xtask build
    Then retry the runtime-backed ktx command.
    --- exit 1
    ");
    assert!(!bench.root().exists());
}

#[test]
fn a_root_that_depends_on_the_folder_stood_in_is_refused() {
    let bench = Bench::with_sample().variable("KTX_RUNTIME_ROOT", "some/where");
    insta::assert_snapshot!(bench.transcript(&[&["runtime", "status"]]), @"
    $ ktx runtime status
    --- stderr
    KTX_RUNTIME_ROOT must be an absolute path: some/where
    hint: give the whole path, or unset it
    --- exit 1
    ");
}
