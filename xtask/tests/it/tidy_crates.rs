//! The crates of the workspace: who depends on whom, and on what that is used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::tidy::{assert_none, metadata, root, sources, text};

/// Who may depend on whom. `fixtures` is for tests, the known-bad corpus and the bench, never in what ships.
const DIRECTION: [(&str, &[&str]); 17] = [
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
            "ktx-provenance",
            "ktx-publish",
        ],
    ),
    ("ktx-inspect", &["ktx-manifest", "ktx-names"]),
    ("ktx-manifest", &["ktx-names"]),
    ("ktx-names", &[]),
    ("ktx-policy", &["ktx-names"]),
    ("ktx-project", &["ktx-manifest", "ktx-runtime", "ktx-system"]),
    ("ktx-provenance", &[]),
    (
        "ktx-publish",
        &[
            "ktx-audit",
            "ktx-inspect",
            "ktx-manifest",
            "ktx-names",
            "ktx-policy",
            "ktx-provenance",
            "ktx-release",
            "ktx-system",
        ],
    ),
    ("ktx-release", &["ktx-manifest", "ktx-system"]),
    ("ktx-runtime", &["ktx-manifest", "ktx-system"]),
    ("ktx-smoke", &["ktx-fixtures", "ktx-manifest"]),
    ("ktx-system", &[]),
    (
        "xtask",
        &[
            "ktx-announce",
            "ktx-audit",
            "ktx-fixtures",
            "ktx-inspect",
            "ktx-manifest",
            "ktx-names",
            "ktx-policy",
            "ktx-provenance",
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

/// A crate of the tests may turn on features of what ships, which then behaves otherwise under test. These change what a
/// document means or in which order it is written.
#[test]
fn json_is_read_and_written_by_the_tests_as_by_what_ships() {
    let features = |selection: &[&str]| -> BTreeSet<String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["tree", "--offline", "--prefix", "none", "--format", "{p} {f}"])
            .args(selection)
            .current_dir(root());
        let tree = String::from_utf8(cargo.output().expect("cargo runs").stdout).expect("UTF-8");
        let of_json = tree
            .lines()
            .filter_map(|line| line.strip_prefix("serde_json ")?.split(' ').nth(1));
        let all = of_json.flat_map(|features| features.split(',').map(str::to_owned));
        let changing = [
            "arbitrary_precision",
            "float_roundtrip",
            "preserve_order",
            "unbounded_depth",
        ];
        all.filter(|feature| changing.contains(&feature.as_str()))
            .collect()
    };
    let tested = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert_eq!(tested, BTreeSet::from(["float_roundtrip".to_owned()]));
    for program in ["ktx", "xtask"] {
        assert_eq!(
            features(&["--package", program, "--edges", "normal"]),
            tested,
            "{program}"
        );
    }
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
