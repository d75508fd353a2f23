//! The package tree: launcher, programs, Python assets and a stamped `package.json`, as they will be packed.
//!
//! Everything is read and checked before the first byte is written; then the tree replaces the last one in one step.

mod assets;
mod bill;
mod contents;
mod package_json;
mod program;
mod program_list;
mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_manifest::package_layout::{ASSETS, DEMO, UV_PIN};
use ktx_manifest::{ArchivePath, Finding, Platform, UvPin};

pub use self::contents::{PackageContents, PackagedFile};
pub use self::package_json::{LAUNCHER, PackageJson};
pub use self::program_list::PROGRAM_LIST;
pub use self::rules::telemetry::TRACES;
pub use self::rules::{judge, of_bill, of_commit, of_machine};
use ktx_system::Interrupt;
use ktx_system::files::replace_directory;

use crate::archive::{Collector, DirectoryWriter, Entry, Listed, Listing, Mode, write_entries};
use crate::bill::{BillSources, licenses};
use crate::error::{Error, unless_stale_or_refused};
use crate::pyproject::Project;
use crate::tree;
use crate::wheel::BuiltWheel;

const VERB: &str = "stage a package from";

/// What a package is made from.
#[derive(Clone)]
pub struct PackageOptions {
    /// The root of the sources: `npm/`, `python/locks/` and `LICENSE` are below it.
    pub root: PathBuf,
    pub project: Project,
    /// The wheel of the project, as it was built.
    pub wheel: BuiltWheel,
    pub programs: BTreeMap<Platform, PathBuf>,
    /// What the host's program said when it was run with `--version`, if there is one among the programs.
    pub host_answer: Option<HostAnswer>,
    /// Where uv looks for packages when its user names no index, as uv itself says.
    pub default_index: String,
    pub version: semver::Version,
    /// What the sources say about what is in the programs.
    pub bill: BillSources,
}

/// How the host's program answered `--version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAnswer {
    /// Its standard output.
    Said(String),
    /// It did not run, or ended with an error.
    Failed(String),
}

/// A package that breaks no rule; nothing has been written.
#[derive(Debug)]
pub struct PackagePlan {
    contents: PackageContents,
}

impl PackagePlan {
    /// Reads everything, and refuses with all that is wrong.
    pub fn new(options: &PackageOptions) -> Result<PackagePlan, Error> {
        let mut findings = Vec::new();
        let mut collector = Collector::new();
        launcher(&options.root, &mut collector, &mut findings)?;
        uv_pin(options, &mut collector, &mut findings)?;
        programs(options, &mut collector, &mut findings)?;
        let stale = assets::collect(options, &mut collector, &mut findings)?;
        let text = PackageJson::new(options.version.clone()).to_text();
        collector.add(Entry::generated(
            archive_path("package.json"),
            Mode::Regular,
            text,
        ));
        let (entries, collisions) = collector.finish();
        let mut contents = PackageContents::new(entries);
        let list = program_list::text(&contents).into_bytes();
        contents.insert(archive_path(PROGRAM_LIST), Mode::Regular, list);
        bill::add(
            &mut contents,
            &options.bill,
            &licenses(&options.root.join("python"))?,
            &options.version,
            &mut findings,
        )?;
        // Without one of two colliding files the package would look incomplete, which is not what is wrong.
        if collisions.is_empty() {
            findings.extend(judge(&contents, &options.version)?);
        }
        findings.extend(collisions);
        unless_stale_or_refused(VERB, &options.root, stale, findings)?;
        Ok(PackagePlan { contents })
    }

    /// What would be staged, by the code that stages it.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let mut listing = Listing::new();
        write_entries(self.contents.entries(), &mut listing, &Interrupt::new())?;
        Ok(listing.finish())
    }

    /// What was judged, and what is packed.
    pub fn contents(&self) -> &PackageContents {
        &self.contents
    }

    /// Writes the tree in place of the one at `folder`, for people to look into.
    pub fn stage(&self, folder: &Path, interrupt: &Interrupt) -> Result<(), Error> {
        replace_directory(folder, |new| {
            write_entries(self.contents.entries(), &mut DirectoryWriter::new(new), interrupt)
        })
    }
}

/// Writes the Python assets alone, at their place below `folder`: what a runtime can be installed from without a
/// package around it.
pub fn stage_assets(
    options: &PackageOptions,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<PathBuf, Error> {
    let mut findings = Vec::new();
    let mut collector = Collector::new();
    let stale = assets::collect(options, &mut collector, &mut findings)?;
    let (entries, collisions) = collector.finish();
    findings.extend(collisions);
    unless_stale_or_refused("stage assets from", &options.root, stale, findings)?;
    replace_directory(folder, |new| {
        write_entries(&entries, &mut DirectoryWriter::new(new), interrupt)
    })?;
    Ok(folder.join(ASSETS))
}

/// Executable are exactly the launcher and the programs, whatever file system the sources lie on.
pub fn mode_of(path: &str) -> Mode {
    let program = Platform::ALL
        .into_iter()
        .any(|platform| platform.program_path() == path);
    if program || path == LAUNCHER {
        Mode::Executable
    } else {
        Mode::Regular
    }
}

/// The files of `npm/` that ship, and the licence.
fn launcher(root: &Path, collector: &mut Collector, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let npm = root.join("npm");
    for folder in ["dist", DEMO] {
        let location = npm.join(folder);
        if folder != "dist" && !location.exists() {
            continue;
        }
        for file in tree::walk(&location, folder, findings)? {
            let mode = mode_of(file.path.as_str());
            collector.add(file.into_entry(mode)?);
        }
    }
    for (name, location) in [
        ("README.md", npm.join("README.md")),
        ("LICENSE", root.join("LICENSE")),
    ] {
        if tree::regular_file(&location, findings).is_some() {
            collector.add(Entry::read(archive_path(name), Mode::Regular, location)?);
        }
    }
    let placeholder = npm.join("package.json");
    if tree::regular_file(&placeholder, findings).is_some() {
        let text = fs::read_to_string(&placeholder).map_err(Error::File)?;
        findings.extend(package_json::placeholder_findings(
            &placeholder.to_string_lossy(),
            &text,
        ));
    }
    Ok(())
}

/// The pin of the sources, with the default index stamped into it.
fn uv_pin(
    options: &PackageOptions,
    collector: &mut Collector,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let location = options.root.join("npm").join(UV_PIN);
    if tree::regular_file(&location, findings).is_some() {
        let text = fs::read(&location).map_err(Error::File)?;
        let stamped =
            UvPin::parse(&text).and_then(|pin| pin.with_default_index(options.default_index.clone()));
        // What cannot be stamped is refused with the rest of the package.
        let bytes = stamped.map_or(text, |pin| pin.to_text().into_bytes());
        collector.add(Entry {
            from: Some(location),
            ..Entry::generated(archive_path(UV_PIN), Mode::Regular, bytes)
        });
    }
    Ok(())
}

fn programs(
    options: &PackageOptions,
    collector: &mut Collector,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    for (platform, location) in &options.programs {
        if !location.exists() {
            let hint = format!("run: cargo xtask build --platform {platform}");
            return Err(Error::missing(
                location,
                format!("there is no program for {platform}"),
                hint,
            ));
        }
        if tree::regular_file(location, findings).is_some() {
            let path = archive_path(&platform.program_path());
            collector.add(Entry::read(path, Mode::Executable, location)?);
        }
        if Some(*platform) == Platform::host() {
            findings.extend(
                options
                    .host_answer
                    .as_ref()
                    .and_then(|answer| unexpected_answer(answer, location, &options.version)),
            );
        }
    }
    Ok(())
}

fn unexpected_answer(answer: &HostAnswer, location: &Path, version: &semver::Version) -> Option<Finding> {
    let expected = format!("@kaelio/ktx {version}");
    let reason = match answer {
        HostAnswer::Said(text) if text.trim_end() == expected => return None,
        HostAnswer::Said(text) => format!("`--version` said {:?}, expected {expected:?}", text.trim_end()),
        HostAnswer::Failed(reason) => format!("`--version` failed: {reason}"),
    };
    let message = format!("failed to take `{}`: {reason}", location.display());
    Some(Finding::error("program-version", message).with_hint("run: cargo xtask build"))
}

#[expect(clippy::expect_used, reason = "only constants of the package get here")]
fn archive_path(path: &str) -> ArchivePath {
    path.parse().expect("a path of the package is safe")
}
