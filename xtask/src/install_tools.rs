//! `cargo xtask install-tools`: puts the pinned tools into `target/tools/` before anything needs them.

use anyhow::Result;
use clap::Args;

use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Install the pinned tools into target/tools (every command also installs what it needs)
#[derive(Args)]
pub struct InstallToolsArgs {}

pub fn run(_arguments: InstallToolsArgs, session: &Session<'_>) -> Result<()> {
    for set in ToolSet::here() {
        let tools = tools::provide(session, set)?;
        session.printer.data(tools.programs().as_str());
    }
    Ok(())
}
