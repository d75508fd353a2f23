//! `cargo xtask rollback`: moves a dist-tag down from a broken version to the last good one.

use anyhow::Result;
use clap::Args;
use ktx_publish::tag_move::{self, RollbackOptions};

use crate::releasing::{self, MoveArgs, SessionDesk};
use crate::session::Session;

/// Move a dist-tag down from a broken version to one it had before
#[derive(Args)]
pub struct RollbackArgs {
    /// The dist-tag
    #[arg(long)]
    tag: String,
    /// The broken version [default: what the tag points at]
    #[arg(long, value_name = "BROKEN")]
    from: Option<String>,
    /// The version to move the tag to [default: the last good one before the broken one]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// The version once more, when nothing says that the tag pointed at it
    #[arg(long, value_name = "VERSION", requires = "to")]
    confirm: Option<String>,
    #[command(flatten)]
    moving: MoveArgs,
}

pub fn run(arguments: RollbackArgs, session: &Session<'_>) -> Result<()> {
    let options = releasing::move_options(session, &arguments.moving)?;
    let rollback = RollbackOptions {
        tag: arguments.tag,
        from: arguments.from,
        to: arguments.to,
        confirmed: arguments.confirm,
    };
    let plan = tag_move::rollback(
        &options,
        &rollback,
        &releasing::environment(),
        &SessionDesk(session),
    )
    .map_err(|error| releasing::failure(session, error))?;
    releasing::carry_out(session, &plan, &arguments.moving)
}
