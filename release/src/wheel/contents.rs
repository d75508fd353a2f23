//! What a wheel may hold: Python files, `py.typed`, and data that `pyproject.toml` declares. All else is refused by
//! name, so that nothing ships by accident.

use std::path::Path;

use fs_err as fs;
use glob::{MatchOptions, Pattern};
use ktx_manifest::{ArchivePath, Finding};

use ktx_system::files::PathError;

use super::entry_points;
use crate::archive::{Collector, Entry, Mode};
use crate::error::Error;
use crate::pyproject::Project;
use crate::tree::{self, TreeFile};

/// Extensions of native code, of which a wheel for every platform has none.
const NATIVE: [&str; 9] = ["so", "pyd", "dylib", "dll", "exe", "a", "lib", "o", "obj"];

/// `*` stays within a folder, as in PEP 639.
const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Adds the files of all packages.
pub fn packages(
    source: &Path,
    project: &Project,
    collector: &mut Collector,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let root = source.join(&project.module_root);
    let mut shipped: Vec<ArchivePath> = Vec::new();
    for package in &project.packages {
        let folder = root.join(package);
        if !folder.join("__init__.py").is_file() {
            let message = format!(
                "failed to add `{}`: there is no package with an `__init__.py`",
                folder.display()
            );
            findings.push(Finding::error("package-missing", message));
            continue;
        }
        for file in tree::walk(&folder, package, findings)? {
            if let Some(entry) = entry(&file, &project.package_data, findings)? {
                shipped.push(file.path);
                collector.add(entry);
            }
        }
    }
    unused_patterns(source, project, &shipped, findings);
    missing_modules(source, project, &shipped, findings);
    Ok(())
}

fn entry(file: &TreeFile, data: &[Pattern], findings: &mut Vec<Finding>) -> Result<Option<Entry>, Error> {
    let name = file.path.file_name();
    let extension = name
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
        .to_ascii_lowercase();
    let mut refuse = |code, rule: &str| {
        let message = format!("failed to add `{}`: {rule}", file.location.display());
        findings.push(Finding::error(code, message));
        Ok(None)
    };
    if extension == "pth" {
        return refuse("wheel-pth", "a .pth file runs code whenever Python starts");
    }
    if NATIVE.contains(&extension.as_str()) || name.contains(".so.") {
        return refuse(
            "wheel-native-code",
            "native code does not belong in a wheel for every platform",
        );
    }
    let declared = data
        .iter()
        .any(|pattern| pattern.matches_with(file.path.as_str(), MATCHING));
    if extension != "py" && name != "py.typed" && !declared {
        return refuse(
            "wheel-undeclared-file",
            "it is not a Python file; declare it under `tool.ktx.package-data` or remove it",
        );
    }
    let entry = Entry::read(file.path.clone(), Mode::Regular, &file.location)?;
    if object::FileKind::parse(entry.bytes.as_slice()).is_ok() {
        return refuse(
            "wheel-native-code",
            "its content is native code, whatever its name",
        );
    }
    Ok(Some(entry))
}

fn unused_patterns(source: &Path, project: &Project, shipped: &[ArchivePath], findings: &mut Vec<Finding>) {
    let unused = project.package_data.iter().filter(|pattern| {
        !shipped
            .iter()
            .any(|path| pattern.matches_with(path.as_str(), MATCHING))
    });
    for pattern in unused {
        let message = format!(
            "failed to add `{}`: no file in a package matches",
            source.join(pattern.as_str()).display()
        );
        findings.push(Finding::error("package-data-missing", message));
    }
}

/// A command whose module is not shipped would install and then fail.
fn missing_modules(source: &Path, project: &Project, shipped: &[ArchivePath], findings: &mut Vec<Finding>) {
    for (name, object) in project.entry_points.values().flatten() {
        let module = entry_points::module(object);
        let file = module.replace('.', "/");
        let candidates = [format!("{file}.py"), format!("{file}/__init__.py")];
        if !shipped
            .iter()
            .any(|path| candidates.iter().any(|candidate| path.as_str() == candidate))
        {
            let path = source.join("pyproject.toml");
            let message = format!(
                "failed to add the entry point `{name}` of `{}`: no package has the module `{module}`",
                path.display()
            );
            findings.push(Finding::error("entry-point-missing", message));
        }
    }
}

/// The files that the licence patterns match, relative to the source and sorted, with their text.
pub fn license_files(
    source: &Path,
    project: &Project,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(ArchivePath, Vec<u8>)>, Error> {
    let mut found = std::collections::BTreeMap::new();
    // Matches come without the `.` of `./python`, which could then not be taken off again.
    let source = &std::path::absolute(source).map_err(PathError::new("read", source))?;
    for pattern in &project.license_files {
        let everywhere = format!(
            "{}/{}",
            Pattern::escape(&source.to_string_lossy()),
            pattern.as_str()
        );
        let matches = glob::glob_with(&everywhere, MATCHING).into_iter().flatten();
        let paths: Vec<_> = matches.collect::<Result<_, _>>().map_err(|error| {
            let path = error.path().to_owned();
            PathError::new("read", path)(error.into())
        })?;
        if paths.is_empty() {
            let path = source.join(pattern.as_str());
            let message = format!(
                "failed to add `{}`: there is no such licence file",
                path.display()
            );
            let hint = "add the licence file, or fix `project.license-files`";
            findings.push(Finding::error("license-missing", message).with_hint(hint));
        }
        for location in paths {
            let below = location
                .strip_prefix(source)
                .unwrap_or(&location)
                .to_string_lossy()
                .into_owned();
            let Some(text) = text(&location, findings)? else {
                continue;
            };
            match below.parse::<ArchivePath>() {
                Ok(path) => drop(found.insert(path, text.into_bytes())),
                Err(error) => {
                    let message = format!("failed to add `{}`: {}", location.display(), error.reason);
                    findings.push(Finding::error("tree-name", message));
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// A file of text that the project names; `None` when it is missing, a link, or not UTF-8, which is then a finding.
pub fn text(location: &Path, findings: &mut Vec<Finding>) -> Result<Option<String>, Error> {
    if tree::regular_file(location, findings).is_none() {
        return Ok(None);
    }
    match String::from_utf8(fs::read(location).map_err(Error::File)?) {
        Ok(text) => Ok(Some(text)),
        Err(_) => {
            let message = format!("failed to read `{}`: it is not UTF-8", location.display());
            findings.push(Finding::error("text-encoding", message));
            Ok(None)
        }
    }
}
