//! `cargo xtask pack`: a tarball of a package tree and nothing else, for comparisons with other packers.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_release::tarball;

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
    let (tree, path) = (arguments.tree.as_std_path(), arguments.tarball.as_std_path());
    let packed = tarball::pack(tree, path, refusal::interrupt());
    let packed = packed.map_err(|error| refusal::failure(session, error))?;
    session
        .printer
        .data(&format!("{}  {}", packed.content.bytes, arguments.tarball));
    Ok(())
}
