//! `cargo xtask promote`: puts the version under one dist-tag under another.

use anyhow::Result;
use clap::Args;
use ktx_publish::tag_move::{self, PromoteOptions};

use crate::releasing::{self, MoveArgs, SessionDesk};
use crate::session::Session;

/// Move a dist-tag to a version that was tested under another
#[derive(Args)]
pub struct PromoteArgs {
    /// The dist-tag that points at the version
    #[arg(long, value_name = "TAG")]
    from: String,
    /// The dist-tag to move
    #[arg(long, value_name = "TAG")]
    to: String,
    #[command(flatten)]
    moving: MoveArgs,
    /// Let a version without provenance follow one with it
    #[arg(long)]
    accept_trust_downgrade: bool,
}

pub fn run(arguments: PromoteArgs, session: &Session<'_>) -> Result<()> {
    let options = releasing::move_options(session, &arguments.moving)?;
    let promote = PromoteOptions {
        from: arguments.from,
        to: arguments.to,
        trust_downgrade: releasing::trust_downgrade(arguments.accept_trust_downgrade),
    };
    let plan = tag_move::promote(
        &options,
        &promote,
        &releasing::environment(),
        &SessionDesk(session),
    )
    .map_err(|error| releasing::failure(session, error))?;
    releasing::carry_out(session, &plan, &arguments.moving)
}
