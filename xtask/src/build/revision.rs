//! Which revision the checkout is at, as git tells it.

use std::process::Command;

use anyhow::Result;
use jiff::Timestamp;

use crate::exit::{Exit, Failure};
use crate::process::{self, Talk};
use crate::session::Session;

/// HEAD of the checkout.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The commit, when nothing in the work tree differs from it.
    pub clean: Option<String>,
    pub committed: Timestamp,
}

pub fn read(session: &Session<'_>) -> Result<Revision> {
    let head = git(session, &["log", "-1", "--format=%H %ct"])?;
    let unreadable = || {
        Failure::new(
            Exit::Failed,
            format!("failed to read what git says of HEAD: `{head}`"),
        )
    };
    let (commit, seconds) = head.split_once(' ').ok_or_else(unreadable)?;
    let seconds: i64 = seconds.parse().map_err(|_| unreadable())?;
    let changes = git(session, &["status", "--porcelain"])?;
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

fn git(session: &Session<'_>, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(session.root()?);
    let said = process::run(session.printer, command, Talk::Kept).map_err(|error| {
        Failure::new(Exit::Prerequisite, "failed to ask git for the source revision")
            .hint("build in a git checkout that has a commit")
            .instead_of(error)
    })?;
    Ok(said.stdout.trim().to_owned())
}
