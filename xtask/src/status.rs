//! `cargo xtask status`: what is published, what is half done, and the next safe command.

use anyhow::Result;
use clap::Args;
use ktx_announce::status::{self, StatusOptions};

use crate::git;
use crate::releasing::{self, SessionDesk};
use crate::session::Session;

/// Show what is published, what is half done, and the next safe command
#[derive(Args)]
pub struct StatusArgs {
    /// The registry, where release-policy.json names none [default: npm's own]
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
}

pub fn run(arguments: StatusArgs, session: &Session<'_>) -> Result<()> {
    let tags = git::output(session, &["tag", "--list", "v*"])?;
    let sources = releasing::source_facts(session, None, None)?;
    let options = StatusOptions {
        location: releasing::location(session, None)?,
        repository: releasing::repository()?,
        sources,
        registry: releasing::registry(arguments.registry.as_deref())?,
        git_tags: tags.lines().map(str::to_owned).collect(),
    };
    let status = status::status(&options, &releasing::environment(), &SessionDesk(session))
        .map_err(|error| releasing::failure(session, error))?;
    session.printer.document(&status)?;
    for line in status.lines() {
        session.printer.data(&line);
    }
    Ok(())
}
