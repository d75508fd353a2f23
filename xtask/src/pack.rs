//! `cargo xtask pack`: only packs a package tree, for comparisons with other packers.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_release::package::PackageContents;
use ktx_release::tarball;

use crate::interrupt;
use crate::refusal;
use crate::session::Session;

/// Pack a package tree as `build` does, without building or verifying anything
#[derive(Args)]
pub struct PackArgs {
    /// The tree, with its package.json
    tree: Utf8PathBuf,
    /// The tarball to write
    tarball: Utf8PathBuf,
}

pub fn run(arguments: PackArgs, session: &Session<'_>) -> Result<()> {
    let failure = |error| refusal::failure(session, error);
    let contents = PackageContents::read(arguments.tree.as_std_path()).map_err(failure)?;
    let packed = tarball::pack(
        &contents,
        arguments.tarball.as_std_path(),
        interrupt::raised_by_signals(),
    );
    let bytes = packed.map_err(failure)?.bytes;
    session.printer.data(&format!("{bytes}  {}", arguments.tarball));
    Ok(())
}
