//! The same sources give the same program from any folder: builds it here and in a copy elsewhere, and compares.

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::{BuildProfile, Sha256Digest};

use crate::dist::DistFolder;
use crate::session::Session;
use crate::{build, git, programs};

pub fn run(session: &Session<'_>) -> Result<()> {
    let root = session.root()?;
    let here = program(session)?;
    let scratch = tempfile::Builder::new()
        .prefix("a copy of the checkout ")
        .tempdir()?;
    let copy = Utf8PathBuf::try_from(scratch.path().join("ktx"))?;
    copy_sources(session, root, &copy)?;
    fs::create_dir_all(copy.join("target"))?;
    link(&root.join("target/tools"), &copy.join("target/tools"))?;
    let there = program(&session.elsewhere(&copy))?;
    let [ours, theirs] = [&here, &there].map(Sha256Digest::of_file);
    let (ours, theirs) = (ours?, theirs?);
    ensure!(
        ours.sha256 == theirs.sha256,
        "failed to reproduce `{here}`: it is {} here and {} when built in `{copy}`",
        ours.sha256,
        theirs.sha256
    );
    session
        .printer
        .talk(&format!("the program is {} from either folder", ours.sha256));
    Ok(())
}

fn program(session: &Session<'_>) -> Result<Utf8PathBuf> {
    programs::build(
        session,
        &DistFolder::lock(session)?,
        build::host()?,
        BuildProfile::Release,
    )
}

/// What git tracks, and what is new and not ignored.
fn copy_sources(session: &Session<'_>, root: &Utf8Path, copy: &Utf8Path) -> Result<()> {
    let files = git::files(session)?;
    for file in files.iter().filter(|file| root.join(file).is_file()) {
        let to = copy.join(file);
        fs::create_dir_all(to.parent().context("failed to find a file's folder")?)?;
        fs::copy(root.join(file), to)?;
    }
    Ok(())
}

/// The tools are not compared; a copy would install them again.
fn link(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    #[cfg(unix)]
    fs::os::unix::fs::symlink(from, to)?;
    #[cfg(windows)]
    fs::os::windows::fs::symlink_dir(from, to)?;
    Ok(())
}
