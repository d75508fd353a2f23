//! `cargo xtask build-package`: the package tree, from what other builds left in `dist/`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use fs_err as fs;
use ktx_manifest::Platform;
use ktx_manifest::sbom::SBOM;
use ktx_release::archive::Listed;
use ktx_release::bill::NOTICES;
use ktx_release::package::{HostAnswer, PackageOptions, PackagePlan};
use ktx_release::pyproject::Project;
use ktx_release::wheel::BuiltWheel;
use ktx_system::files::{self, Access};
use serde::Serialize;
use xshell::{Shell, cmd};

use crate::build_wheel;
use crate::dist::DistFolder;
use crate::exit::{Exit, Failure};
use crate::git::Revision;
use crate::process::{self, OutputMode};
use crate::refusal;
use crate::session::Session;
use crate::{crates, interrupt, sources, uv_pin};

/// Stage the package tree in dist/package from npm/, the wheel, the locks and the programs
#[derive(Args)]
pub struct BuildPackageArgs {
    /// A program to use; may be given several times [default: every program in dist/bin]
    #[arg(long, value_name = "PLATFORM=PATH")]
    binary: Vec<Binary>,
    /// Write nothing; list what the package would contain
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Debug)]
struct Binary {
    platform: Platform,
    path: PathBuf,
}

impl FromStr for Binary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (platform, path) = text.split_once('=').ok_or("expected PLATFORM=PATH")?;
        let platform = platform.parse().map_err(|error| format!("{error}"))?;
        if path.is_empty() {
            return Err("expected a path after `=`".to_owned());
        }
        Ok(Binary {
            platform,
            path: path.into(),
        })
    }
}

pub fn run(arguments: BuildPackageArgs, session: &Session<'_>) -> Result<()> {
    let mut programs = BTreeMap::new();
    for Binary { platform, path } in arguments.binary {
        if programs.insert(platform, path).is_some() {
            return Err(Failure::new(Exit::Usage, format!("--binary names {platform} twice")).into());
        }
    }
    if programs.is_empty() {
        programs = built_programs(&session.dist()?)?;
    }
    let (project, version) = (build_wheel::project(session, None)?, sources::version(session)?);
    let wheel = build_wheel::built(session, &project, &version)?;
    // Without a checkout the bill of materials names no commit.
    let revision = Revision::read(session).ok().and_then(|revision| revision.clean);
    let plan = plan(session, project, wheel, programs, &version, revision)?;
    if arguments.list {
        let entries = plan.list().map_err(|error| refusal::failure(session, error))?;
        for entry in &entries {
            session
                .printer
                .data(&format!("{} {:>9} {}", entry.mode, entry.bytes, entry.path));
        }
        return session.printer.document(&PackageListing { entries: &entries });
    }
    let folder = stage(session, &DistFolder::lock(session)?, &plan)?;
    session.printer.data(folder.as_str());
    session.printer.document(&PackageReport {
        path: folder.as_str(),
    })
}

/// Reads and checks everything that goes into the package; runs the host's program to get its version.
pub fn plan(
    session: &Session<'_>,
    project: Project,
    wheel: BuiltWheel,
    programs: BTreeMap<Platform, PathBuf>,
    version: &semver::Version,
    revision: Option<String>,
) -> Result<PackagePlan> {
    let host = Platform::host().and_then(|host| programs.get(&host));
    let options = PackageOptions {
        root: session.root()?.into(),
        project,
        wheel,
        host_answer: host
            .filter(|program| program.is_file())
            .map(|program| ask(session, program))
            .transpose()?,
        bill: crates::sources(session, &programs, revision)?,
        programs,
        default_index: uv_pin::default_index(session)?,
        version: version.clone(),
    };
    PackagePlan::new(&options).map_err(|error| refusal::failure(session, error))
}

/// Writes the tree to `dist/package`, replacing the last one, and beside it what is in it: the bill of materials and the
/// notices.
pub fn stage(session: &Session<'_>, dist: &DistFolder, plan: &PackagePlan) -> Result<Utf8PathBuf> {
    let folder = dist.path().join("package");
    let staged = plan.stage(folder.as_std_path(), interrupt::raised_by_signals());
    staged.map_err(|error| refusal::failure(session, error))?;
    for path in [SBOM, NOTICES] {
        let file = plan
            .contents()
            .get(path)
            .with_context(|| format!("failed to find `{path}`"))?;
        let beside = dist.path().join(path.rsplit('/').next().unwrap_or(path));
        files::write(beside.as_std_path(), file.bytes, Access::Readable)?;
    }
    Ok(folder)
}

/// The programs at their places in `dist/bin`.
pub fn built_programs(dist: &Utf8Path) -> Result<BTreeMap<Platform, PathBuf>> {
    let folder = dist.join("bin");
    refuse_strays(&folder)?;
    let places = Platform::ALL.map(|platform| {
        let path = folder.join(platform.as_str()).join(platform.program_file());
        (platform, path.into_std_path_buf())
    });
    let programs: BTreeMap<_, _> = places.into_iter().filter(|(_, path)| path.exists()).collect();
    if programs.is_empty() {
        return Err(Failure::new(
            Exit::Prerequisite,
            format!("failed to find a program below `{folder}`"),
        )
        .hint("run: cargo xtask build, or name one with --binary PLATFORM=PATH")
        .into());
    }
    Ok(programs)
}

/// A folder that is not a platform's, or has no program, would be left out of the package in silence.
fn refuse_strays(folder: &Utf8Path) -> Result<()> {
    let Ok(entries) = folder.read_dir_utf8() else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let (reason, hint) = match name.parse::<Platform>() {
            Ok(platform) if path.join(platform.program_file()).is_file() => continue,
            Ok(platform) => (
                format!("it has no `{}`", platform.program_file()),
                format!("remove it, or run: cargo xtask build --platform {platform}"),
            ),
            Err(error) => (error.to_string(), "remove it".to_owned()),
        };
        let message = format!("failed to use `{path}`: {reason}");
        return Err(Failure::new(Exit::Prerequisite, message).hint(hint).into());
    }
    Ok(())
}

fn ask(session: &Session<'_>, program: &std::path::Path) -> Result<HostAnswer> {
    let (sh, program) = (Shell::new()?, fs::canonicalize(program)?);
    let asked = process::finish(session.printer, cmd!(sh, "{program} --version"), OutputMode::Kept);
    Ok(match asked {
        Ok(finished) if finished.status.success() => HostAnswer::Said(finished.stdout),
        Ok(finished) => HostAnswer::Failed(format!("{}; {}", finished.status, finished.stderr.trim_end())),
        Err(error) => {
            crate::interrupt::check()?;
            HostAnswer::Failed(format!("{error:#}"))
        }
    })
}

#[derive(Serialize)]
struct PackageReport<'a> {
    path: &'a str,
}

#[derive(Serialize)]
struct PackageListing<'a> {
    entries: &'a [Listed],
}
