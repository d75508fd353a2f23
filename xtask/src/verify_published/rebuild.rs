//! Builds a published version again, from a clean clone at its commit and by that commit's own toolchain.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_announce::published::Published;
use ktx_inspect::{Package, differences};
use ktx_manifest::sbom::SBOM;
use ktx_names::{ArtifactPackage, Platform};
use ktx_release::bill::NOTICES;
use ktx_release::package::PROGRAM_LIST;
use xshell::cmd;

use super::Rebuilt;
use crate::exit::{Exit, Failure};
use crate::git;
use crate::process::{self, OutputMode};
use crate::session::Session;

/// Variables that would make a build differ from one on another machine.
const PERSONAL: [&str; 4] = [
    "SOURCE_DATE_EPOCH",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
    "CARGO_BUILD_TARGET",
];

/// Files about the programs of every platform.
const OF_ALL: [&str; 3] = [PROGRAM_LIST, SBOM, NOTICES];

pub fn rebuild(
    session: &Session<'_>,
    published: &Published,
    revision: Option<&str>,
    platforms: &[Platform],
) -> Result<Rebuilt> {
    let Some(package) = &published.package else {
        return Err(Failure::new(
            Exit::Integrity,
            "the published tarball cannot be read, so nothing can be compared",
        )
        .into());
    };
    let root = session.root()?;
    let revision = commit(session, &published.version, revision)?;
    let in_package: Vec<Platform> = package.programs().into_keys().collect();
    let is_complete = platforms.is_empty() || in_package.iter().all(|platform| platforms.contains(platform));
    let platforms = if platforms.is_empty() {
        in_package
    } else {
        platforms.to_vec()
    };
    let folder = tempfile::tempdir()?;
    let clone = Utf8PathBuf::try_from(folder.path().join("ktx")).context("failed to name the clone")?;
    clone_at(session, root, &clone, &revision)?;
    build(session, &clone, &platforms)?;
    let tarball = clone
        .join("dist/artifacts")
        .join(ArtifactPackage::npm(published.version.clone()).artifact_path());
    let bytes = fs::read(&tarball).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("{revision} does not build version {}", published.version),
        )
        .because(error)
    })?;
    let rebuilt = Package::read(&bytes)?;
    // With some platforms only, neither the other programs nor the lists of all are built.
    let is_compared = |path: &str| {
        let of = Platform::ALL
            .into_iter()
            .find(|platform| platform.program_path() == path);
        of.is_none_or(|platform| platforms.contains(&platform)) && (is_complete || !OF_ALL.contains(&path))
    };
    let mut differences = differences(package, &rebuilt);
    differences.retain(|difference| is_compared(&difference.path));
    Ok(Rebuilt {
        revision,
        platforms,
        equal: bytes == published.bytes,
        differences,
    })
}

/// The commit that was asked for, or that of the version's tag.
fn commit(session: &Session<'_>, version: &str, asked: Option<&str>) -> Result<String> {
    let name = asked.map_or_else(|| format!("v{version}"), str::to_owned);
    let object = format!("{name}^{{commit}}");
    let arguments = ["rev-parse", "--verify", "--quiet", &object];
    // git says nothing about a name that it does not know.
    let said = git::output(session, &arguments).map_err(|_| {
        Failure::new(Exit::Prerequisite, format!("this checkout has no {name}"))
            .hint(format!("git fetch origin tag {name}"))
    })?;
    Ok(said.trim().to_owned())
}

fn clone_at(session: &Session<'_>, root: &Utf8Path, clone: &Utf8Path, revision: &str) -> Result<()> {
    git::output(
        session,
        &[
            "clone",
            "--quiet",
            "--no-checkout",
            "--no-hardlinks",
            root.as_str(),
            clone.as_str(),
        ],
    )?;
    git::output(
        session,
        &["-C", clone.as_str(), "checkout", "--quiet", "--detach", revision],
    )?;
    Ok(())
}

fn build(session: &Session<'_>, clone: &Utf8Path, platforms: &[Platform]) -> Result<()> {
    let names: Vec<&str> = platforms.iter().map(|platform| platform.as_str()).collect();
    let step = session
        .printer
        .long_step(&format!("build {} again", names.join(", ")));
    let (sh, names) = (session.elsewhere(clone).shell()?, names.join(","));
    let mut cargo = cmd!(sh, "cargo xtask build --release --platform {names}");
    for name in PERSONAL {
        cargo = cargo.env_remove(name);
    }
    process::run(session.printer, cargo, OutputMode::Kept)?;
    step.done("");
    Ok(())
}
