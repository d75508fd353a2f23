//! What git says about the checkout.

use anyhow::Result;
use jiff::Timestamp;
use xshell::cmd;

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;

/// HEAD of the checkout.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The commit, when nothing in the work tree differs from it.
    pub clean: Option<String>,
    pub committed: Timestamp,
}

impl Revision {
    pub fn read(session: &Session<'_>) -> Result<Self> {
        let head = output(session, &["log", "-1", "--format=%H %ct"])?;
        let unreadable = || {
            Failure::new(
                Exit::Failed,
                format!("failed to read what git says of HEAD: `{head}`"),
            )
        };
        let (commit, seconds) = head.split_once(' ').ok_or_else(unreadable)?;
        let seconds: i64 = seconds.parse().map_err(|_| unreadable())?;
        let changes = output(session, &["status", "--porcelain"])?;
        if !changes.is_empty() {
            session
                .printer
                .verbose("the work tree differs from HEAD: the manifest names no source revision");
        }
        Ok(Revision {
            clean: changes.is_empty().then(|| commit.to_owned()),
            committed: Timestamp::from_second(seconds).map_err(|_| unreadable())?,
        })
    }
}

/// The files that git tracks, and those that are new and not ignored; relative to the root.
pub fn files(session: &Session<'_>) -> Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = output(session, &arguments)?;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// What a command of git prints in the checkout, without the last line break.
pub fn output(session: &Session<'_>, arguments: &[&str]) -> Result<String> {
    let sh = session.shell()?;
    let said =
        process::run(session.printer, cmd!(sh, "git {arguments...}"), OutputMode::Kept).map_err(|error| {
            Failure::new(Exit::Prerequisite, "failed to ask git about the checkout")
                .hint("run the command in a git checkout that has a commit")
                .instead_of(error)
        })?;
    Ok(said.trim().to_owned())
}
