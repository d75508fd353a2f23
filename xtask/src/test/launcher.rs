//! The launcher and the JS API, by Node's own test runner: on this machine's Node.js, and on the versions that are pinned,
//! from the oldest that the package promises to run on.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Platform;
use ktx_system::process::describe_exit;
use xshell::cmd;

use super::Missing;
use crate::exit::{Exit, Failure};
use crate::process::{self, Finished, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Most of a suite is waiting for programs to end.
const SIDE_BY_SIDE: usize = 2;

pub fn run(session: &Session<'_>, missing: Missing) -> Result<()> {
    let folder = session.root()?.join("npm");
    let suite = LauncherSuite {
        session,
        missing,
        files: test_files(&folder)?,
        folder,
    };
    let own = Utf8PathBuf::from("node");
    // Without it, nothing can be installed either.
    suite.version(&own)?;
    let mut programs = pinned(session, missing)?;
    programs.push_front(own);
    let waiting = Mutex::new(programs);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(node) = next else { return };
                    if let Err(error) = suite.run(&node) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(error);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// The pinned versions of Node.js that there are for this machine.
fn pinned(session: &Session<'_>, missing: Missing) -> Result<VecDeque<Utf8PathBuf>> {
    let mut programs = VecDeque::new();
    let mut lacking = Vec::new();
    if let Some(host) = Platform::host() {
        let tools = tools::provide(session, ToolSet::NodeVersions)?;
        for version in tools::versions(&tools, host)? {
            match version.program {
                Some(program) => programs.push_back(program),
                None => lacking.push(version.major.to_string()),
            }
        }
    } else {
        lacking.push("every pinned version".to_owned());
    }
    if !lacking.is_empty() {
        let lacking = format!("the launcher on Node.js {}", lacking.join(", "));
        skipped(
            session,
            missing,
            &lacking,
            "the registry has none for this machine",
        )?;
    }
    Ok(programs)
}

fn skipped(session: &Session<'_>, missing: Missing, what: &str, why: &str) -> Result<()> {
    match missing {
        Missing::Skip => {
            session.printer.warning(&format!("skipped: {what}: {why}"));
            Ok(())
        }
        Missing::Fail => {
            Err(Failure::new(Exit::Prerequisite, format!("failed to test {what}: {why}")).into())
        }
    }
}

/// Named one by one: what a folder means to `node --test` differs between Node 20 and 22.
fn test_files(folder: &Utf8Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.join("test"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.js") {
            files.push(format!("test/{name}"));
        }
    }
    files.sort();
    Ok(files)
}

struct LauncherSuite<'a> {
    session: &'a Session<'a>,
    missing: Missing,
    folder: Utf8PathBuf,
    files: Vec<String>,
}

impl LauncherSuite<'_> {
    fn version(&self, node: &Utf8Path) -> Result<String> {
        let said = self.finish(node, &["--version".to_owned()])?.stdout;
        Ok(said.trim().trim_start_matches('v').to_owned())
    }

    fn run(&self, node: &Utf8Path) -> Result<()> {
        let version = self.version(node)?;
        let flags = ["--test", "--test-reporter=spec"].map(str::to_owned);
        let finished = self.finish(node, &[&flags, self.files.as_slice()].concat())?;
        if !finished.status.success() {
            self.session
                .printer
                .talk(&format!("{}{}", finished.stdout, finished.stderr));
            let message = format!(
                "the launcher's tests on Node.js {version} failed with {}",
                describe_exit(finished.status)
            );
            return Err(Failure::new(Exit::Failed, message).into());
        }
        let (passed, left_out) = (
            counted(&finished.stdout, "pass"),
            counted(&finished.stdout, "skipped"),
        );
        self.session
            .printer
            .talk(&format!("Node.js {version}: {passed} passed, {left_out} skipped"));
        if left_out > 0 {
            let what = format!("{left_out} cases of the launcher on Node.js {version}");
            skipped(self.session, self.missing, &what, "--verbose names them")?;
        }
        Ok(())
    }

    fn finish(&self, node: &Utf8Path, arguments: &[String]) -> Result<Finished> {
        let sh = self.session.shell()?;
        sh.change_dir(&self.folder);
        let command = cmd!(sh, "{node} {arguments...}");
        process::finish(self.session.printer, command, OutputMode::Kept)
    }
}

/// A number from the summary of Node's `spec` reporter, such as `ℹ pass 98`.
fn counted(output: &str, what: &str) -> u32 {
    let count = |line: &str| {
        let (name, count) = line.strip_prefix("ℹ ")?.split_once(' ')?;
        (name == what).then(|| count.parse().ok())?
    };
    output.lines().rev().find_map(count).unwrap_or_default()
}
