//! The jobs of `release.yml`, run here: every `run:` step from packing the program to publishing, in its own folder, in
//! order, with what the actions between them would bring.
//!
//! Not run are the actions themselves, the compiler and the smoke, whose report is made here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use fs_err as fs;
use ktx_fixtures::github::{Github, TOKEN};
use serde::Deserialize;

use crate::checkout::foreign;
use crate::releaser::Releaser;
use crate::support::{Release, tags};
use crate::tidy::text;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Deserialize)]
struct Workflow {
    jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    #[serde(default)]
    outputs: BTreeMap<String, String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Step {
    name: Option<String>,
    id: Option<String>,
    run: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    working_directory: Option<String>,
}

/// Does what a runner does with the steps of a job.
struct Runner<'a> {
    releaser: &'a Releaser,
    github: &'a Github,
    workflow: Workflow,
    /// Values of `${{ … }}` by what stands between the braces.
    expressions: BTreeMap<String, String>,
    /// Programs before all others on the `PATH`.
    programs: PathBuf,
}

impl Runner<'_> {
    /// Runs the steps of `job` in `folder`, those that `wanted` names, and keeps the job's outputs.
    fn job(&mut self, job: &str, folder: &Path, wanted: impl Fn(&Step) -> bool) -> Result<(), String> {
        let outputs_file = self.programs.join(format!("output-{job}"));
        let mut outputs = BTreeMap::new();
        for step in self.workflow.jobs[job].steps.iter().filter(|step| wanted(step)) {
            let Some(script) = &step.run else { continue };
            fs::write(&outputs_file, "").expect("a file for the outputs");
            let output = self.step(step, script, folder, &outputs_file);
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{job}: {script}\n{}\n{said}", output.status));
            }
            let written = fs::read_to_string(&outputs_file).expect("the outputs");
            for (name, value) in written.lines().filter_map(|line| line.split_once('=')) {
                let id = step.id.as_deref().unwrap_or_default();
                outputs.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
        }
        for (name, expression) in &self.workflow.jobs[job].outputs {
            // As on a runner, an output that no step set is empty.
            let value = outputs.get(inside(expression)).cloned().unwrap_or_default();
            self.expressions
                .insert(format!("needs.{job}.outputs.{name}"), value);
        }
        Ok(())
    }

    fn step(&self, step: &Step, script: &str, folder: &Path, outputs: &Path) -> Output {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        let path = std::env::var("PATH").expect("a PATH");
        command
            .env_clear()
            .envs(self.releaser.checkout.environment())
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("GITHUB_OUTPUT", outputs)
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_SHA", self.releaser.checkout.git(&["rev-parse", "HEAD"]))
            .current_dir(folder.join(step.working_directory.as_deref().unwrap_or_default()));
        for (name, value) in &step.env {
            let value = match value.contains("${{") {
                true => self
                    .expressions
                    .get(inside(value))
                    .unwrap_or_else(|| panic!("{value}")),
                false => value,
            };
            command.env(name, value);
        }
        command.output().expect("bash runs")
    }

    fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;

        let path = self.programs.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
        fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it runs");
    }
}

/// The text in `${{ … }}`.
fn inside(expression: &str) -> &str {
    let inside = expression
        .trim()
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"));
    inside.expect("one expression").trim()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    fs::copy(from, to).expect("a copy");
}

#[test]
fn a_release_goes_through_the_steps_of_the_workflow() {
    let releaser = Releaser::new(VERSION);
    releaser.allow_growth();
    let origin = releaser.origin();
    let github = Github::start(origin.path());
    let root = releaser.checkout.path("");
    let apart = tempfile::tempdir().expect("a folder");
    let mut runner = Runner {
        releaser: &releaser,
        github: &github,
        workflow: serde_saphyr::from_str(&text(".github/workflows/release.yml")).expect("a workflow"),
        expressions: BTreeMap::new(),
        programs: apart.path().join("programs"),
    };
    fs::create_dir_all(&runner.programs).expect("a folder");
    let channel = if VERSION.contains('-') { "rc" } else { "stable" };
    for (expression, value) in [
        ("matrix.platform", foreign().as_str()),
        ("inputs.channel", channel),
        ("github.token", TOKEN),
    ] {
        runner.expressions.insert(expression.to_owned(), value.to_owned());
    }
    let named =
        |names: &'static [&str]| move |step: &Step| names.contains(&step.name.as_deref().unwrap_or_default());
    // Something came before, or a candidate would become latest.
    Release::new("0.0.1", &releaser.registry, releaser.registry.url())
        .publish()
        .expect("a first version");

    // build: the program is there already.
    releaser.stamp_program(VERSION);
    runner
        .job("build", &root, named(&["Pack the program"]))
        .expect("packed");
    copy(
        &root.join("program.tar"),
        &root.join("target/programs/program/program.tar"),
    );
    fs::remove_file(root.join("program.tar")).expect("it went with the artifact");
    fs::remove_dir_all(root.join("dist")).expect("another machine");

    // assemble: `cargo xtask` is the toolchain under test. Resolving again asks an index: `locking` does, a local one.
    let xtask = cargo_bin!("xtask");
    let script = format!(
        "shift; [ \"$3\" != --resolve ] || set -- \"$1\" \"$2\"; exec '{}' \"$@\"",
        xtask.display()
    );
    runner.program("cargo", &script);
    copy(xtask, &root.join("target/debug/xtask"));
    // The advisories come from a host that tests do not ask.
    releaser.write_advisories();
    let fetched = |step: &Step| step.name.as_deref() != Some("Fetch the advisories");
    runner.job("assemble", &root, fetched).expect("assembled");
    let handover = root.join("handover.tar");

    // smoke: unpacked as the job does it, proven by a report that says so.
    copy(&handover, &root.join("target/handover/handover.tar"));
    let unpack = named(&["Unpack what was assembled"]);
    runner.job("smoke", &root, unpack).expect("unpacked");
    assert!(root.join("target/handover/artifacts/manifest.json").exists());
    releaser.prove();
    let report = format!("smoke-{}.json", foreign());

    // From here on there is neither a checkout nor a compiler.
    for tool in ["cargo", "rustc", "git"] {
        runner.program(
            tool,
            &format!("touch '{}/{tool}.ran'; exit 97", runner.programs.display()),
        );
    }
    let ready = apart.path().join("readiness");
    copy(&handover, &ready.join("handover.tar"));
    copy(
        &root.join("dist/reports").join(&report),
        &ready.join("reports").join(&report),
    );

    // A tar that was touched on its way is not unpacked.
    let touched = apart.path().join("touched");
    fs::create_dir_all(&touched).expect("a folder");
    let mut tar = fs::read(&handover).expect("the tar");
    tar.push(0);
    fs::write(touched.join("handover.tar"), tar).expect("the tar");
    let error = runner
        .job("readiness", &touched, |_| true)
        .expect_err("it was touched");
    assert!(error.contains("test \"$(sha256sum"), "{error}");

    runner.job("readiness", &ready, |_| true).expect("ready");
    let planning = apart.path().join("plan");
    copy(&ready.join("release.tar"), &planning.join("release.tar"));
    runner.job("plan", &planning, |_| true).expect("shown");
    let publishing = apart.path().join("publish");
    copy(&ready.join("release.tar"), &publishing.join("release.tar"));
    runner.job("publish", &publishing, |_| true).expect("published");
    let tag = &runner.expressions["needs.assemble.outputs.tag"];
    let tags = tags(&releaser.registry.url());
    assert!(tags.contains(&format!("{tag}={VERSION}")), "{tags}");
    let receipt = "release/reports/publish-receipt.json";
    assert!(publishing.join(receipt).exists());

    let announcing = apart.path().join("announce");
    copy(&ready.join("release.tar"), &announcing.join("release.tar"));
    let unpack = named(&["Unpack the release"]);
    runner.job("announce", &announcing, unpack).expect("unpacked");
    copy(&publishing.join(receipt), &announcing.join(receipt));
    let announce = named(&["Make the tag and the release page"]);
    runner.job("announce", &announcing, announce).expect("announced");
    let lines = github.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with(&format!("tag v{VERSION} at "))),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"  uploaded publish-receipt.json".to_owned()),
        "{lines:?}"
    );
    for tool in ["cargo", "rustc", "git"] {
        let ran = runner.programs.join(format!("{tool}.ran"));
        assert!(!ran.exists(), "{tool} ran in a job without a checkout");
    }
}
