//! The crates of the workspace: who depends on whom, and on what that is used.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::tidy::{assert_none, metadata, root, sources, text};

/// Who may depend on whom. `fixtures` is for tests and the known-bad corpus, never in what ships.
const DIRECTION: [(&str, &[&str]); 16] = [
    ("ktx", &["ktx-app", "ktx-project", "ktx-runtime", "ktx-system"]),
    ("ktx-app", &["ktx-project", "ktx-runtime", "ktx-system"]),
    ("ktx-audit", &["ktx-manifest"]),
    ("ktx-fixtures", &["ktx-manifest", "ktx-release"]),
    (
        "ktx-announce",
        &[
            "ktx-inspect",
            "ktx-manifest",
            "ktx-names",
            "ktx-policy",
            "ktx-publish",
        ],
    ),
    ("ktx-inspect", &["ktx-manifest", "ktx-names"]),
    ("ktx-manifest", &["ktx-names"]),
    ("ktx-names", &[]),
    ("ktx-policy", &["ktx-names"]),
    ("ktx-project", &["ktx-manifest", "ktx-runtime", "ktx-system"]),
    (
        "ktx-publish",
        &[
            "ktx-audit",
            "ktx-inspect",
            "ktx-manifest",
            "ktx-names",
            "ktx-policy",
            "ktx-system",
        ],
    ),
    ("ktx-release", &["ktx-manifest", "ktx-system"]),
    ("ktx-runtime", &["ktx-manifest", "ktx-system"]),
    ("ktx-smoke", &["ktx-manifest"]),
    ("ktx-system", &[]),
    (
        "xtask",
        &[
            "ktx-announce",
            "ktx-audit",
            "ktx-inspect",
            "ktx-manifest",
            "ktx-names",
            "ktx-policy",
            "ktx-publish",
            "ktx-release",
            "ktx-smoke",
            "ktx-system",
        ],
    ),
];

#[test]
fn crates_depend_in_one_direction() {
    let packages = metadata().packages;
    let mut offenders = Vec::new();
    for package in &packages {
        let Some((_, allowed)) = DIRECTION.iter().find(|(name, _)| *name == package.name) else {
            offenders.push(format!("{} is not in the map", package.name));
            continue;
        };
        let ours = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some());
        for dependency in ours.filter(|dependency| dependency.kind.is_none()) {
            if !allowed.contains(&dependency.name.as_str()) {
                offenders.push(format!("{} may not depend on {}", package.name, dependency.name));
            }
        }
    }
    assert_none(
        "dependencies against the direction of docs/ARCHITECTURE.md",
        offenders,
    );
    assert_eq!(
        packages.len(),
        DIRECTION.len(),
        "the map names crates that are gone"
    );
}

#[test]
fn every_dependency_is_used() {
    let sources = sources(&[".rs"]);
    let mut offenders = Vec::new();
    for package in metadata().packages {
        let folder = package.manifest_path.parent().expect("a manifest has a folder");
        let mut folders = vec![folder.to_owned()];
        folders.extend(borrowed_modules(folder, &sources));
        let own = sources
            .iter()
            .filter(|path| folders.iter().any(|folder| root().join(path).starts_with(folder)));
        let code: Vec<String> = own.map(|path| text(path)).collect();
        let unused = package.dependencies.iter().filter(|dependency| {
            let name = dependency.name.replace('-', "_");
            let uses = [
                format!("{name}::"),
                format!("use {name};"),
                format!("use {name} as "),
            ];
            !code
                .iter()
                .any(|code| uses.iter().any(|used| code.contains(used)))
        });
        offenders.extend(unused.map(|dependency| format!("{}: {}", package.name, dependency.name)));
    }
    assert_none("dependencies that no source names", offenders);
}

/// Folders of the modules that files in `folder` take from another crate's tests with `#[path]`.
fn borrowed_modules(folder: &Path, sources: &[String]) -> Vec<PathBuf> {
    let mut borrowed = Vec::new();
    for path in sources.iter().map(|path| root().join(path)) {
        if !path.starts_with(folder) {
            continue;
        }
        let code = fs::read_to_string(&path).expect("the file is read");
        let marked = code.lines().filter_map(|line| line.strip_prefix("#[path = \""));
        for module in marked.filter_map(|rest| rest.strip_suffix("\"]")) {
            let module = path
                .with_file_name(module)
                .canonicalize()
                .expect("the module is there");
            borrowed.push(module.parent().expect("a file has a folder").to_owned());
        }
    }
    borrowed
}
