//! `cargo xtask build`: programs, wheel, package, tarball and artifact manifest.
//!
//! The artifacts are made beside `dist/artifacts` and put there in one step: until all of them stand, the last good
//! ones do.

pub mod programs;
mod revision;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::Args;
use ktx_manifest::Platform;
use ktx_manifest::artifact_manifest::{ArtifactKind, ArtifactManifest};
use ktx_release::artifacts::{self, ManifestFacts};
use ktx_release::package::{PackageOptions, stage_assets};
use ktx_release::tarball;
use ktx_system::files::replace_directory;

use crate::dist::Dist;
use crate::exit::{Exit, Failure};
use crate::session::Session;
use crate::{build_package, build_wheel, refusal, sources};

/// Build the programs, the wheel, the package, the tarball and the artifact manifest
#[derive(Args, Clone, Debug, Default)]
pub struct BuildArgs {
    /// Platforms to build the program for, or `all` [default: this machine's]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    platform: Vec<String>,
    /// Build no program: assemble those that lie in dist/bin
    #[arg(long, conflicts_with = "platform")]
    prebuilt: bool,
}

pub fn run(arguments: BuildArgs, session: &Session<'_>) -> Result<()> {
    let built = build(&arguments, session)?;
    built.print(session);
    session.printer.document(&built.manifest)
}

/// Artifacts that stand in their place.
pub struct Built {
    pub manifest: ArtifactManifest,
    folder: Utf8PathBuf,
}

impl Built {
    /// The path of an artifact that every build makes.
    pub fn artifact(&self, kind: ArtifactKind) -> Result<Utf8PathBuf> {
        let file = self
            .manifest
            .file(kind)
            .context("failed to find an artifact in its manifest")?;
        Ok(self.folder.join(file.path.as_str()))
    }

    /// One line per artifact: digest, size, path.
    pub fn print(&self, session: &Session<'_>) {
        for file in &self.manifest.files {
            session
                .printer
                .data(&format!("{}  {:>9}  {}", file.sha256, file.bytes, file.path));
        }
    }
}

/// Builds everything, for the chosen platforms.
pub fn build(arguments: &BuildArgs, session: &Session<'_>) -> Result<Built> {
    let facts = facts(session)?;
    let wanted = if arguments.prebuilt {
        Vec::new()
    } else {
        platforms(&arguments.platform)?
    };
    let dist = Dist::lock(session)?;
    let mut programs = BTreeMap::new();
    if arguments.prebuilt {
        programs = build_package::built_programs(dist.path())?;
    }
    for platform in wanted {
        let program = programs::build(session, &dist, platform)?;
        programs.insert(platform, program.into_std_path_buf());
    }
    let step = session.printer.step("assemble the artifacts");
    let folder = dist.path().join("artifacts");
    let manifest = replace_directory(folder.as_std_path(), |staged| {
        assemble(session, &dist, staged, programs, &facts)
    })?;
    step.done("");
    Ok(Built { manifest, folder })
}

/// The assets that the program installs from: wheel, locks and asset manifest, as they stand in a package.
///
/// Enough for the tests of the runtime, without a program for the package.
pub fn assets(session: &Session<'_>) -> Result<Utf8PathBuf> {
    let folder = session.root()?.join("target/test-assets");
    let wheels = folder.join("wheel").into_std_path_buf();
    let failure = |error| refusal::failure(session, error);
    build_wheel::plan(session, None)?
        .build(&wheels, refusal::interrupt())
        .map_err(failure)?;
    let options = PackageOptions {
        root: session.root()?.into(),
        wheels,
        programs: BTreeMap::new(),
        host_answer: None,
        version: sources::version(session)?,
    };
    let staged = stage_assets(
        &options,
        folder.join("package").as_std_path(),
        refusal::interrupt(),
    );
    Ok(Utf8PathBuf::try_from(staged.map_err(failure)?)?)
}

fn assemble(
    session: &Session<'_>,
    dist: &Dist,
    staged: &Path,
    programs: BTreeMap<Platform, PathBuf>,
    facts: &ManifestFacts,
) -> Result<ArtifactManifest> {
    let failure = |error| refusal::failure(session, error);
    let wheels = staged.join("python");
    let wheel = build_wheel::plan(session, None)?;
    wheel.build(&wheels, refusal::interrupt()).map_err(failure)?;
    let plan = build_package::plan(session, programs, wheels)?;
    let package = build_package::stage(session, dist, &plan)?;
    let tarball = staged.join(artifacts::tarball_path(&facts.version));
    tarball::pack(package.as_std_path(), &tarball, refusal::interrupt()).map_err(failure)?;
    artifacts::write_manifest(staged, facts).map_err(failure)
}

fn facts(session: &Session<'_>) -> Result<ManifestFacts> {
    let revision = revision::read(session)?;
    Ok(ManifestFacts {
        version: sources::version(session)?,
        generated_at: sources::epoch()?.map_or(revision.committed, |epoch| epoch.timestamp()),
        source_revision: revision.clean,
    })
}

fn platforms(names: &[String]) -> Result<Vec<Platform>> {
    if names.iter().any(|name| name == "all") {
        return Ok(Platform::ALL.to_vec());
    }
    if names.is_empty() {
        return host().map(|host| vec![host]);
    }
    let mut platforms = Vec::new();
    for name in names {
        let platform = name.parse().map_err(|error| {
            Failure::new(Exit::Usage, "failed to read --platform").because(anyhow::Error::new(error))
        })?;
        platforms.push(platform);
    }
    platforms.sort();
    platforms.dedup();
    Ok(platforms)
}

/// The platform of this machine.
pub fn host() -> Result<Platform> {
    Platform::host().ok_or_else(|| {
        Failure::new(
            Exit::Prerequisite,
            "failed to find this machine's platform among those of the package",
        )
        .hint("name another with --platform; a package is tested on the machines it is for")
        .into()
    })
}
