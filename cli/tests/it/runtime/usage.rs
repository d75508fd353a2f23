//! The version, help and wrong usage.

use assert_cmd::cargo::cargo_bin;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::bench::Bench;
use crate::sandbox::Sandbox;

#[test]
fn the_version_names_the_package() {
    let sandbox = Sandbox::new();
    for flag in ["--version", "-v"] {
        assert_eq!(
            sandbox.run(&[flag]).to_string(),
            format!(
                "$ ktx {flag}\n@kaelio/ktx {}\n--- exit 0\n",
                env!("CARGO_PKG_VERSION")
            )
        );
    }
}

#[test]
fn the_version_as_json_names_the_bill_of_the_package() {
    let sandbox = Sandbox::new();
    let root = sandbox.root().join("package");
    let sandbox = sandbox.variable("KTX_PACKAGE_ROOT", root.display().to_string());
    let bill = root.join("assets/sbom.cdx.json");
    fs_err::create_dir_all(root.join("assets/python")).expect("a folder");
    let without = json!({
        "name": "@kaelio/ktx", "version": env!("CARGO_PKG_VERSION"), "profile": null, "compiler": null,
        "sourceRevision": null, "sbom": null,
    });
    assert_eq!(sandbox.run(&["--version", "--json"]).json(), without);
    let named = r#"{"properties": [{"name": "ktx:source-revision", "value": "c0ffee"}]}"#;
    for (component, revision, sha256) in [
        (
            "{}",
            json!(null),
            "74d5efc169952db4a5b4575469db38af681657e6ed1909ac9db339764f37afec",
        ),
        (
            named,
            json!("c0ffee"),
            "6b6a61e995a54360097fcc2693324fcec6f38201692b829cbbd5b0424450c121",
        ),
    ] {
        let text = format!(r#"{{"metadata": {{"component": {component}}}}}"#);
        fs_err::write(&bill, &text).expect("a file");
        let mut expected = without.clone();
        expected["sourceRevision"] = revision;
        expected["sbom"] = json!({"path": bill, "sha256": sha256});
        assert_eq!(sandbox.run(&["--version", "--json"]).json(), expected);
        assert_eq!(sandbox.run(&["--json", "-v"]).json(), expected);
    }
    fs_err::write(&bill, "{").expect("a file");
    assert_eq!(sandbox.run(&["--version", "--json"]).json(), without);
    let alone = sandbox.run(&["--json"]).to_string();
    assert!(
        alone.contains("--version") && alone.ends_with("--- exit 2\n"),
        "{alone}"
    );
}

/// The program, in the place that a package has for it; the digest that the bill names is right, wrong, or not there.
#[test]
fn the_verbose_version_says_what_was_compared_and_what_was_not() {
    let sandbox = Sandbox::new();
    let package = sandbox.root().join("package");
    let program = package.join("native/any/ktx");
    for folder in ["native/any", "assets/python"] {
        fs_err::create_dir_all(package.join(folder)).expect("a folder");
    }
    fs_err::copy(cargo_bin!("ktx"), &program).expect("a copy");
    fs_err::write(package.join("assets/python/manifest.json"), "{}").expect("a file");
    let said = |sandbox: &Sandbox| {
        let output = std::process::Command::new(&program)
            .args(["--version", "--verbose"])
            .env_clear()
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        text.replace(&sandbox.root().display().to_string(), "[SANDBOX]")
            .replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
    };
    insta::assert_snapshot!(said(&sandbox), @r"
    @kaelio/ktx [VERSION]
    program: built by hand
    bill of materials: none, this program is not in a package
    not checked: who built the package; `npm audit signatures` verifies its provenance
    ");
    let digest = Sha256::digest(fs_err::read(&program).expect("bytes"));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let other = "0".repeat(64);
    let mut compared = String::new();
    for (reference, digest) in [
        ("native/any/ktx", &digest),
        ("native/any/ktx", &other),
        ("native/other/ktx", &digest),
    ] {
        let bill = json!({
            "metadata": {"component": {"properties": [{"name": "ktx:source-revision", "value": "c0ffee"}]}},
            "components": [{"bom-ref": reference, "hashes": [{"alg": "SHA-256", "content": digest}]}],
        });
        fs_err::write(package.join("assets/sbom.cdx.json"), bill.to_string()).expect("a file");
        let said = said(&sandbox);
        assert!(said.contains("\nsource revision: c0ffee\n"), "{said}");
        compared.extend(said.lines().filter(|line| line.starts_with("compared")));
        compared.push('\n');
    }
    insta::assert_snapshot!(compared, @r"
    compared: this program has the digest that the bill of materials names
    compared: this program is not the one that the bill of materials names: reinstall @kaelio/ktx
    compared: this program is not listed in the bill of materials
    ");
}

#[test]
fn the_version_can_be_read_from_the_bytes_of_the_program() {
    let program = fs_err::read(cargo_bin!("ktx")).expect("the program");
    let wanted = format!("ktx-version-marker:{}:end", env!("CARGO_PKG_VERSION"));
    assert!(
        program
            .windows(wanted.len())
            .any(|window| window == wanted.as_bytes())
    );
}

#[test]
fn the_group_has_help() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.run(&["runtime", "--help"]).to_string(), @"
    $ ktx runtime --help
    Install, inspect, start and remove the Python runtime that ktx manages

    Usage: ktx runtime [OPTIONS] <COMMAND>

    Commands:
      install  Install the Python runtime, or repair it
      start    Start the Python daemon, installing the runtime first when it is missing
      stop     Stop the Python daemon
      status   Show whether the runtime is installed and fits this version of ktx
      doctor   Check what the runtime needs and explain what is wrong
      prune    Remove the runtimes of other versions of ktx
      bundle   Make a file that installs the runtime on machines without a network

    Options:
          --project-dir <PATH>  The project's folder [default: KTX_PROJECT_DIR, the nearest folder with
                                a ktx.yaml, or the current one]
          --debug               Report decisions on stderr
      -h, --help                Print help
    --- exit 0
    ");
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_would_be_right() {
    let bench = Bench::with_sample();
    let transcript = bench.transcript(&[
        &["runtime", "instal"],
        &["runtime", "status", "--jsn"],
        &["runtime", "install", "--feature", "all"],
    ]);
    insta::assert_snapshot!(transcript, @"
    $ ktx runtime instal
    --- stderr
    error: unrecognized subcommand 'instal'

      tip: some similar subcommands exist: 'start', 'install'

    Usage: ktx runtime [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit 2
    $ ktx runtime status --jsn
    --- stderr
    error: unexpected argument '--jsn' found

      tip: a similar argument exists: '--json'

    Usage: ktx runtime status --json

    For more information, try '--help'.
    --- exit 2
    $ ktx runtime install --feature all
    --- stderr
    error: invalid value 'all' for '--feature <FEATURE>'
      [possible values: core, local-embeddings, duckdb, mysql, clickhouse]

    For more information, try '--help'.
    --- exit 2
    ");
    let alone = bench.sandbox().run(&["runtime"]);
    assert_eq!(alone.output.status.code(), Some(2));
    assert!(
        alone.stderr().contains("Usage: ktx runtime"),
        "{}",
        alone.stderr()
    );
}

#[test]
fn debug_says_which_group_is_dispatched() {
    let bench = Bench::with_sample();
    let shown = bench.sandbox().run(&["--debug", "runtime", "status"]).stderr();
    assert!(shown.contains("[debug] dispatch=runtime"), "{shown}");
}

#[test]
fn commands_that_may_install_offer_to_download_uv() {
    let sandbox = Sandbox::new();
    let offers = |command: &[&str]| {
        let help = sandbox.run(&[command, &["--help"]].concat()).succeeds();
        help.stdout().contains("--with-uv")
    };
    for command in [
        &["runtime", "install"][..],
        &["runtime", "start"],
        &["sl", "query"],
        &["ingest"],
        &["serve"],
        &["connection", "test"],
    ] {
        assert!(offers(command), "{command:?}");
    }
    for command in [&["runtime", "stop"][..], &["sl", "list"], &["completions"]] {
        assert!(!offers(command), "{command:?}");
    }
}
