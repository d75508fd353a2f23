//! Rules of the repository that a reader relies on and no compiler keeps. Each names the place that breaks it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde::Deserialize;

/// Who may depend on whom. `fixtures` is for tests and the known-bad corpus, never in what ships.
const DIRECTION: [(&str, &[&str]); 14] = [
    ("ktx", &["ktx-app", "ktx-project", "ktx-runtime"]),
    ("ktx-app", &["ktx-project", "ktx-runtime"]),
    ("ktx-fixtures", &["ktx-manifest"]),
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
    ("ktx-project", &["ktx-manifest", "ktx-runtime"]),
    (
        "ktx-publish",
        &["ktx-inspect", "ktx-manifest", "ktx-names", "ktx-policy"],
    ),
    ("ktx-release", &["ktx-manifest"]),
    ("ktx-runtime", &["ktx-manifest"]),
    ("ktx-smoke", &["ktx-manifest"]),
    (
        "xtask",
        &[
            "ktx-announce",
            "ktx-inspect",
            "ktx-manifest",
            "ktx-names",
            "ktx-policy",
            "ktx-publish",
            "ktx-release",
            "ktx-smoke",
        ],
    ),
];

/// A file that is longer has two themes.
const LONGEST_FILE: usize = 400;

/// Words of host applications and of telemetry that must never reach what ships.
const FORBIDDEN: [&str; 4] = ["posthog", "segment.io", "sentry_sdk", "server/src"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is here")
}

pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the file is read")
}

fn metadata() -> Metadata {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root());
    serde_json::from_slice(&cargo.output().expect("cargo runs").stdout)
        .expect("cargo describes the workspace")
}

/// The files that git knows, with what is new and not ignored, by their ending.
fn sources(endings: &[&str]) -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root());
    let listed = String::from_utf8(git.output().expect("git runs").stdout).expect("paths are UTF-8");
    let known = listed
        .lines()
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    let files: Vec<String> = known
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    assert!(!files.is_empty(), "git lists no {endings:?} files");
    files
}

#[track_caller]
fn assert_none(what: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{what}:\n  {}", offenders.join("\n  "));
}

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

#[test]
fn no_file_has_two_themes() {
    let long = sources(&[".rs", ".py", ".js", ".mjs"])
        .into_iter()
        .filter_map(|path| {
            let lines = text(&path).lines().count();
            (lines > LONGEST_FILE).then(|| format!("{path}: {lines} lines"))
        });
    assert_none(&format!("files over {LONGEST_FILE} lines"), long.collect());
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    let bare = sources(&[".rs"])
        .into_iter()
        .filter(|path| !text(path).starts_with("//! "));
    assert_none("files without a `//!` header", bare.collect());
}

#[test]
fn one_module_at_most_is_unsafe() {
    let marker = concat!("expect(", "unsafe_code");
    let unsafe_files: Vec<String> = sources(&[".rs"])
        .into_iter()
        .filter(|path| text(path).contains(marker))
        .collect();
    assert!(
        unsafe_files.len() <= 1,
        "unsafe code in more than one module: {unsafe_files:?}"
    );
}

#[test]
fn lint_exceptions_are_expectations_with_a_reason() {
    let allowances = [concat!("#[al", "low("), concat!("#![al", "low(")];
    let lax = sources(&[".rs"]).into_iter().filter(|path| {
        let code = text(path);
        allowances.iter().any(|allowance| code.contains(allowance))
    });
    assert_none(
        "files with #[allow] where #[expect(…, reason = …)] belongs",
        lax.collect(),
    );
}

#[test]
fn versions_agree() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Policy {
        published_package_smoke: Quoted,
    }
    #[derive(Deserialize)]
    struct Quoted {
        version: String,
    }
    let packages = metadata().packages;
    let version = &packages.first().expect("there are crates").version;
    let others = packages.iter().filter(|package| package.version != *version);
    assert_none(
        "crates of another version",
        others.map(|package| package.name.clone()).collect(),
    );
    let policy: Policy = serde_json::from_str(&text("release-policy.json")).expect("the policy parses");
    assert_eq!(
        &policy.published_package_smoke.version, version,
        "release-policy.json quotes another version"
    );
    assert!(
        text("npm/package.json").contains("\"version\": \"0.0.0-private\""),
        "npm/package.json is stamped"
    );
    assert!(
        text("python/pyproject.toml").contains("version = \"0.0.0\""),
        "pyproject.toml is stamped"
    );
    assert!(
        text("CHANGELOG.md").contains(&format!("## [{version}] - ")),
        "CHANGELOG.md has no entry for {version}"
    );
}

#[test]
fn the_launcher_is_tried_on_the_oldest_node_that_is_promised() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tools {
        optional_dependencies: BTreeMap<String, semver::Version>,
    }
    let version = "1.2.3".parse().expect("a version");
    let package = ktx_release::package::PackageJson::new(version).to_text();
    let tools: Tools =
        serde_json::from_str(&text("xtask/tools/oldest-node/package.json")).expect("the tools are JSON");
    assert!(!tools.optional_dependencies.is_empty());
    for (name, pinned) in tools.optional_dependencies {
        let promise = format!("\"node\": \">={}\"", pinned.major);
        assert!(
            package.contains(&promise),
            "{name} {pinned} is not what {package} promises"
        );
    }
}

#[test]
fn the_readme_lists_every_command() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("--help")
        .output()
        .expect("xtask runs");
    let help = String::from_utf8(output.stdout).expect("help is UTF-8");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let entries = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "));
    let entries = entries.filter(|entry| !entry.starts_with(' '));
    let names = entries.filter_map(|entry| entry.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert!(names.len() > 5, "`cargo xtask --help` lists its commands: {help}");
    let readme = text("README.md");
    let missing = names
        .iter()
        .filter(|name| !readme.contains(&format!("\ncargo xtask {name} ")));
    assert_none(
        "commands that README.md leaves out",
        missing.map(ToString::to_string).collect(),
    );
    let listed = readme
        .lines()
        .filter_map(|line| line.strip_prefix("cargo xtask "));
    let unknown = listed
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|name| !names.contains(name));
    assert_none(
        "commands that README.md invents",
        unknown.map(str::to_owned).collect(),
    );
}

#[test]
fn what_ships_calls_nobody() {
    let shipped = sources(&[".rs", ".py", ".js", ".mjs"])
        .into_iter()
        .filter(|path| {
            [
                "app/src/",
                "cli/src/",
                "runtime/src/",
                "project/src/",
                "npm/dist/",
                "python/ktx_daemon/",
                "python/semantic_layer/",
            ]
            .iter()
            .any(|folder| path.starts_with(folder))
        });
    let mut offenders = Vec::new();
    for path in shipped {
        let code = text(&path).to_lowercase();
        offenders.extend(
            FORBIDDEN
                .iter()
                .filter(|word| code.contains(*word))
                .map(|word| format!("{path}: {word}")),
        );
    }
    assert_none("telemetry or host application code in what ships", offenders);
}

#[test]
fn lock_files_carry_no_addresses() {
    let locks = sources(&["package-lock.json", ".txt"]);
    let offenders = locks.into_iter().filter(|path| {
        let code = text(path);
        code.contains("\"resolved\"") || code.contains("--index-url") || code.contains("--find-links")
    });
    assert_none("lock files that say where a registry is", offenders.collect());
}

#[test]
fn processes_are_spawned_in_four_places() {
    let spawns = [concat!(".spawn", "()"), concat!(".output", "()")];
    let places = [
        "xtask/",
        "publish/src/npm",
        "runtime/src/process",
        "runtime/src/platform/",
        "smoke/src/sandbox",
        "python/",
    ];
    let offenders = sources(&[".rs"]).into_iter().filter(|path| {
        let test = path.contains("/tests/") || path.ends_with("tests.rs") || path.starts_with("fixtures/");
        let code = text(path);
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        !test
            && !places.iter().any(|place| path.starts_with(place))
            && spawns.iter().any(|spawn| code.contains(spawn))
    });
    assert_none("processes spawned outside their four places", offenders.collect());
}
