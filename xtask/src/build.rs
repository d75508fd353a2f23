//! `cargo xtask build`: programs, wheel, package, tarball and artifact manifest.
//!
//! The artifacts are made beside `dist/artifacts` and moved there in one step: until all are complete, the last good
//! ones stay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::Args;
use ktx_manifest::artifact_manifest::{ArtifactKind, ArtifactManifest};
use ktx_manifest::{BuildProfile, Platform};
use ktx_release::artifacts::{self, SourceFacts};
use ktx_release::tarball;
use ktx_system::files::replace_directory;

use crate::dist::DistFolder;
use crate::exit::{Exit, Failure};
use crate::git::Revision;
use crate::session::Session;
use crate::{build_package, build_wheel, interrupt, programs, refusal, signing, sources};

/// Build the programs, the wheel, the package, the tarball and the artifact manifest
#[derive(Args, Clone, Debug, Default)]
pub struct BuildArgs {
    /// Platforms to build the program for, or `all` [default: this machine's]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    platform: Vec<String>,
    /// Build the programs with the release profile, which takes minutes [implied by --platform all]
    #[arg(long)]
    release: bool,
    /// Build no programs: assemble those in dist/bin
    #[arg(long, conflicts_with_all = ["platform", "release"])]
    prebuilt: bool,
}

impl BuildArgs {
    /// This machine's program, with the release profile.
    pub fn for_release() -> Self {
        BuildArgs {
            release: true,
            ..BuildArgs::default()
        }
    }

    /// A release covers every platform; anything else is for this machine, and quick.
    fn profile(&self) -> BuildProfile {
        match self.release || self.platform.iter().any(|name| name == ALL) {
            true => BuildProfile::Release,
            false => BuildProfile::Local,
        }
    }
}

/// `--platform all`
const ALL: &str = "all";

pub fn run(arguments: BuildArgs, session: &Session<'_>) -> Result<()> {
    let built = build(&arguments, session)?;
    built.print(session);
    session.printer.document(&built.manifest)
}

/// Artifacts in their final place.
pub struct CompletedBuild {
    pub manifest: ArtifactManifest,
    folder: Utf8PathBuf,
}

impl CompletedBuild {
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
pub fn build(arguments: &BuildArgs, session: &Session<'_>) -> Result<CompletedBuild> {
    let facts = facts(session)?;
    let wanted = if arguments.prebuilt {
        Vec::new()
    } else {
        platforms(&arguments.platform)?
    };
    let profile = arguments.profile();
    let dist = DistFolder::lock(session)?;
    let mut programs = BTreeMap::new();
    if arguments.prebuilt {
        programs = build_package::built_programs(dist.path())?;
    }
    for platform in wanted {
        let program = programs::build(session, &dist, platform, profile)?;
        programs.insert(platform, program.into_std_path_buf());
    }
    signing::sign(session, &programs)?;
    let step = session.printer.step("assemble the artifacts");
    let folder = dist.path().join("artifacts");
    let manifest = replace_directory(folder.as_std_path(), |staged| {
        assemble(session, &dist, staged, programs, &facts)
    })?;
    step.done("");
    Ok(CompletedBuild { manifest, folder })
}

/// From the sources and the programs to the manifest. Each step passes its result to the next in memory, so that the
/// bytes that were checked are the bytes that are packed.
fn assemble(
    session: &Session<'_>,
    dist: &DistFolder,
    staged: &Path,
    programs: BTreeMap<Platform, PathBuf>,
    facts: &SourceFacts,
) -> Result<ArtifactManifest> {
    let failure = |error| refusal::failure(session, error);
    let project = build_wheel::project(session, None)?;
    let wheel = build_wheel::plan(session, &project, &facts.version, facts.epoch)?;
    let wheel = wheel.build(interrupt::raised_by_signals()).map_err(failure)?;
    wheel.write(&staged.join("python")).map_err(failure)?;
    let wheel_content = wheel.content;
    let package = build_package::plan(
        session,
        project,
        wheel,
        programs,
        &facts.version,
        facts.source_revision.clone(),
    )?;
    build_package::stage(session, dist, &package)?;
    let tarball = staged.join(artifacts::tarball_path(&facts.version));
    let built = artifacts::BuiltArtifacts {
        wheel: wheel_content,
        tarball: tarball::pack(package.contents(), &tarball, interrupt::raised_by_signals())
            .map_err(failure)?,
        programs: package.contents().programs(),
    };
    artifacts::write_manifest(staged, facts, built).map_err(failure)
}

fn facts(session: &Session<'_>) -> Result<SourceFacts> {
    let revision = Revision::read(session)?;
    let epoch = sources::epoch()?;
    Ok(SourceFacts {
        version: sources::version(session)?,
        epoch,
        generated_at: epoch.map_or(revision.committed, |epoch| epoch.timestamp()),
        source_revision: revision.clean,
    })
}

fn platforms(names: &[String]) -> Result<Vec<Platform>> {
    if names.iter().any(|name| name == ALL) {
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
