//! The launcher and the JS API, by Node's own test runner: on the user's Node.js, and on the oldest that the package
//! promises to run on.

use anyhow::Result;
use camino::Utf8Path;
use fs_err as fs;
use xshell::cmd;

use super::Missing;
use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

pub fn run(session: &Session<'_>, missing: Missing) -> Result<()> {
    suite(session, "node".into())?;
    if ToolSet::OldestNode.is_for(ktx_manifest::Platform::host()) {
        let oldest = tools::provide(session, ToolSet::OldestNode)?;
        return suite(session, &oldest.program("node"));
    }
    let skipped = "the launcher on the oldest Node.js: the registry has none for this machine";
    match missing {
        Missing::Skip => session.printer.warning(&format!("skipped: {skipped}")),
        Missing::Fail => {
            return Err(Failure::new(Exit::Prerequisite, format!("failed to test {skipped}")).into());
        }
    }
    Ok(())
}

fn suite(session: &Session<'_>, node: &Utf8Path) -> Result<()> {
    let folder = session.root()?.join("npm");
    // Named one by one: what a folder means to `node --test` differs between Node 20 and 22.
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.join("test"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.js") {
            files.push(format!("test/{name}"));
        }
    }
    files.sort();
    let sh = session.shell()?;
    sh.change_dir(folder);
    let tests = cmd!(sh, "{node} --test --test-reporter=spec {files...}");
    process::run(session.printer, tests, OutputMode::Streamed).map(drop)
}
