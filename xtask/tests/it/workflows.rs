//! The pipelines: they pin what they run, run what exists, and zizmor finds nothing in them.

use assert_cmd::cargo::cargo_bin_cmd;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::tidy::{root, text};

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

/// Every action that may be used, at the commit of its release.
const ACTIONS: [(&str, &str, &str); 7] = [
    (
        "actions/checkout",
        "de0fac2e4500dabe0009e67214ff5f5447ce83dd",
        "v6.0.2",
    ),
    (
        "actions/setup-node",
        "48b55a011bda9f5d6aeb4c2d9c7362e8dae4041e",
        "v6.4.0",
    ),
    (
        "actions/setup-python",
        "a309ff8b426b58ec0e2a45f0f869d46889d02405",
        "v6.2.0",
    ),
    (
        "actions/upload-artifact",
        "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
        "v7.0.1",
    ),
    (
        "actions/download-artifact",
        "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
        "v8.0.1",
    ),
    (
        "Swatinem/rust-cache",
        "c19371144df3bb44fab255c43d04cbc2ab54d1c4",
        "v2.9.1",
    ),
    (
        "astral-sh/setup-uv",
        "08807647e7069bb48b6ef5acd8ec9567f424441b",
        "v8.1.0",
    ),
];

#[test]
fn every_action_is_pinned_by_its_commit() {
    for workflow in WORKFLOWS {
        for line in text(workflow).lines().filter(|line| line.contains("uses:")) {
            let used = line
                .split_once("uses:")
                .map(|(_, used)| used.trim())
                .unwrap_or_default();
            let is_pinned = ACTIONS
                .iter()
                .any(|(action, commit, release)| used == format!("{action}@{commit} # {release}"));
            assert!(is_pinned, "{workflow} uses {used}");
        }
    }
}

/// The `cargo xtask …` and `./xtask …` of a workflow's steps, as words.
fn commands(workflow: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for line in text(workflow)
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        for start in ["cargo xtask ", "./xtask "] {
            if let Some((_, rest)) = line.split_once(start) {
                let words = rest
                    .split_whitespace()
                    .take_while(|word| !["|", ">", "&&", ";"].contains(word));
                commands.push(words.map(str::to_owned).collect());
            }
        }
    }
    commands
}

#[test]
fn the_workflows_run_commands_that_exist_with_flags_that_exist() {
    let mut used = BTreeMap::new();
    for workflow in WORKFLOWS {
        for words in commands(workflow) {
            let split = words
                .iter()
                .position(|word| word.starts_with('-'))
                .unwrap_or(words.len());
            let subcommands = words[..split]
                .iter()
                .take(if words[0] == "version" { 2 } else { 1 });
            let run = cargo_bin_cmd!("xtask").args(subcommands).arg("--help").assert();
            let run = run
                .try_success()
                .unwrap_or_else(|error| panic!("{workflow}: cargo xtask {}: {error}", words.join(" ")));
            let help = String::from_utf8_lossy(&run.get_output().stdout);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                let is_known = help.split(|character: char| character.is_whitespace() || character == ',');
                let is_known = is_known.into_iter().any(|word| word == flag);
                assert!(is_known, "{workflow}: cargo xtask {} knows no {flag}", words[0]);
            }
            *used.entry(words[0].clone()).or_insert(0) += 1;
        }
    }
    let expected = [
        "announce",
        "audit",
        "build",
        "ci",
        "diff",
        "lock",
        "publish",
        "readiness",
        "smoke",
        "verify",
        "version",
    ];
    assert_eq!(
        used.keys().collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
}

#[test]
fn ci_runs_every_job_of_the_one_list() {
    let run = cargo_bin_cmd!("xtask").args(["ci", "--help"]).assert().success();
    let help = String::from_utf8_lossy(&run.get_output().stdout);
    let listed = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ")?.split_once(':'));
    let listed: BTreeSet<_> = listed.map(|(job, _)| job.to_owned()).collect();
    let run: BTreeSet<_> = commands(WORKFLOWS[0])
        .into_iter()
        .map(|words| words[1..].join(" "))
        .collect();
    assert_eq!(run, listed, "ci.yml beside `cargo xtask ci --help`");
    let script = text(".ci/run");
    let commands = script
        .lines()
        .filter(|line| line.starts_with("cargo ") || line.contains("xtask"));
    let commands: Vec<_> = commands.filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        commands,
        [
            "cargo test --workspace --locked --no-run",
            "target/debug/xtask ci"
        ]
    );
}

#[test]
fn the_job_that_publishes_has_the_token_and_neither_sources_nor_builds() {
    let release = text(".github/workflows/release.yml");
    assert_eq!(release.matches("id-token: write").count(), 1);
    assert_eq!(release.matches("contents: write").count(), 1);
    let job = |name: &str| {
        let (_, rest) = release
            .split_once(&format!("\n  {name}:\n"))
            .expect("there is such a job");
        let end = rest
            .lines()
            .position(|line| line.starts_with("  ") && !line.starts_with("   "));
        rest.lines()
            .take(end.unwrap_or(usize::MAX))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (publish, announce) = (job("publish"), job("announce"));
    assert!(publish.contains("id-token: write") && publish.contains("environment: npm"));
    assert!(
        publish.contains("needs: [assemble, readiness, plan]"),
        "the plan is shown before the approval"
    );
    assert!(announce.contains("contents: write"), "{announce}");
    for job in [&publish, &announce, &job("plan")] {
        assert!(
            !job.contains("actions/checkout") && !job.contains("cargo"),
            "{job}"
        );
    }
    // A dry run ends before the environment that a person approves. The other one has the token that reads what is staged.
    assert_eq!(release.matches("environment: ").count(), 2);
    let staged = job("staged");
    assert!(staged.contains("environment: npm-staged") && staged.contains("secrets.NPM_STAGE_TOKEN"));
    assert_eq!(release.matches("secrets.").count(), 1);
    for (job, condition) in [
        (&staged, "if: ${{ needs.publish.outputs.staged }}"),
        (&announce, "if: ${{ !needs.publish.outputs.staged }}"),
        (&job("verify"), "if: ${{ !needs.publish.outputs.staged }}"),
    ] {
        assert!(job.contains(condition), "{job}");
    }
    for branch in [
        "github.ref == 'refs/heads/main'",
        "startsWith(github.ref, 'refs/heads/release-')",
    ] {
        assert!(release.contains(branch), "{branch}");
    }
    assert!(
        !release.contains("rust-cache") && !release.contains("actions/cache"),
        "a release reads no cache"
    );
    for workflow in WORKFLOWS {
        let workflow = text(workflow);
        assert!(workflow.contains("\npermissions: {}\n"));
        let checkouts = workflow.matches("uses: actions/checkout").count();
        assert_eq!(workflow.matches("persist-credentials: false").count(), checkouts);
    }
}

#[test]
fn zizmor_finds_nothing() {
    let suffix = std::env::consts::EXE_SUFFIX;
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    let zizmor = root().join(format!("target/tools/python/{folder}/zizmor{suffix}"));
    assert!(
        zizmor.exists(),
        "failed to find `{}`: run `cargo xtask test`, which installs it",
        zizmor.display()
    );
    let audit = |folder: &std::path::Path| {
        let mut command = Command::new(&zizmor);
        command
            .args([
                "--offline",
                "--no-progress",
                "--no-config",
                "--persona",
                "pedantic",
            ])
            .arg(folder);
        command.output().expect("zizmor runs")
    };
    let found = audit(&root().join(".github/workflows"));
    assert!(
        found.status.success(),
        "{}",
        String::from_utf8_lossy(&found.stdout)
    );

    // The same judge finds what is wrong with the twin.
    let twin = tempfile::tempdir().expect("a folder");
    let broken = text(WORKFLOWS[1]).replace("persist-credentials: false", "persist-credentials: true");
    fs_err::write(twin.path().join("release.yml"), broken).expect("the twin is written");
    assert!(!audit(twin.path()).status.success());
}

/// What actionlint says about a workflow. It only knows the runner labels of its day, so newer ones are ignored.
fn actionlint(workflow: &str) -> Vec<String> {
    let script = "
        import { createRequire } from 'node:module';
        const { createLinter } = createRequire(process.argv[1] + '/')('actionlint');
        const lint = await createLinter();
        const found = lint(process.argv[2], 'workflow.yml').filter((one) => one.kind !== 'runner-label');
        process.stdout.write(JSON.stringify(found.map((one) => `${one.line}: ${one.message}`)), () => process.exit(0));
    ";
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", script, "--"])
        .arg(root().join("target/tools/node"))
        .arg(workflow);
    let output = node.output().expect("node runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\nrun `cargo xtask install-tools`, which brings actionlint"
    );
    serde_json::from_slice(&output.stdout).expect("findings")
}

#[test]
fn actionlint_finds_nothing() {
    for workflow in WORKFLOWS {
        assert_eq!(actionlint(&text(workflow)), Vec::<String>::new(), "{workflow}");
    }
    // The same judge finds an output that no job has.
    let broken = text(WORKFLOWS[1]).replace("needs.assemble.outputs.tag", "needs.assemble.outputs.tga");
    assert_ne!(actionlint(&broken), Vec::<String>::new());
}
