//! Rules of the repository that a reader relies on and no compiler keeps. Each names the place that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use ktx_release::package::TRACES;
use serde::Deserialize;

use crate::program::commands;

/// A file that is longer has two themes.
const LONGEST_FILE: usize = 400;

/// A word of host applications that must never reach what ships, as telemetry must not.
const HOST_APPLICATION: &str = "server/src";

#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
    test: bool,
    doctest: bool,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    pub kind: Option<String>,
    pub path: Option<String>,
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

pub fn metadata() -> Metadata {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root());
    serde_json::from_slice(&cargo.output().expect("cargo runs").stdout)
        .expect("cargo describes the workspace")
}

/// The files that git knows, with what is new and not ignored, by their ending.
pub fn sources(endings: &[&str]) -> Vec<String> {
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
pub fn assert_none(what: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{what}:\n  {}", offenders.join("\n  "));
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

/// A library without unit tests is not compiled for them, and no library for examples in its documentation, which there
/// are none of: this is where one that is added would be forgotten.
#[test]
fn cargo_looks_for_tests_exactly_where_there_are_some() {
    let mut offenders = Vec::new();
    let packages = metadata().packages;
    let libraries = packages.iter().flat_map(|package| &package.targets);
    for library in libraries.filter(|target| target.kind.iter().any(|kind| kind == "lib")) {
        let folder = library.src_path.parent().expect("a folder");
        let folder = folder
            .strip_prefix(root())
            .expect("in the workspace")
            .display()
            .to_string();
        let files = sources(&[".rs"])
            .into_iter()
            .filter(|file| file.starts_with(&format!("{folder}/")));
        let texts: Vec<_> = files.map(|file| text(&file)).collect();
        let has_tests = texts.iter().any(|text| text.contains("#[cfg(test)]"));
        let has_examples = texts.iter().any(|text| has_example(text));
        offenders.extend((library.test != has_tests).then(|| format!("{folder}: `test` of its [lib]")));
        offenders
            .extend((library.doctest != has_examples).then(|| format!("{folder}: `doctest` of its [lib]")));
    }
    assert_none("libraries whose tests cargo does not find", offenders);
}

/// A block of code in the documentation, unless it says that it is text.
fn has_example(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let documentation =
        lines.filter_map(|line| line.strip_prefix("///").or_else(|| line.strip_prefix("//!")));
    let mut fences = documentation.filter_map(|line| line.trim().strip_prefix("```"));
    std::iter::from_fn(|| {
        let opening = fences.next();
        fences.next();
        opening
    })
    .any(|language| language != "text")
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
fn the_compiler_is_pinned() {
    let pinned = text("rust-toolchain.toml");
    let version = pinned
        .lines()
        .find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'))
        .and_then(|channel| channel.parse::<semver::Version>().ok())
        .expect("rust-toolchain.toml names an exact version");
    let promised = format!("rust-version = \"{}.{}\"", version.major, version.minor);
    assert!(
        text("Cargo.toml").contains(&promised),
        "Cargo.toml promises another Rust than {version}"
    );
}

#[test]
fn the_launcher_is_tried_on_every_line_of_node_from_the_oldest_that_is_promised() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tools {
        optional_dependencies: BTreeMap<String, String>,
    }
    let tools: Tools =
        serde_json::from_str(&text("xtask/tools/node-versions/package.json")).expect("the tools are JSON");
    let mut on_linux = BTreeSet::new();
    for (name, pinned) in tools.optional_dependencies {
        let (major, platform) = name
            .strip_prefix("node-")
            .and_then(|rest| rest.split_once('-'))
            .expect("node-<major>-<platform>");
        assert!(pinned.contains(&format!("@{major}.")), "{name} is {pinned}");
        if platform == "linux-x64" {
            on_linux.insert(major.parse::<u64>().expect("a number"));
        }
    }
    assert_eq!(on_linux, [18, 20, 22, 24].into());
    let version = "1.2.3".parse().expect("a version");
    let package = ktx_release::package::PackageJson::new(version).to_text();
    assert!(package.contains("\"node\": \">=18\""), "{package}");
}

#[test]
fn the_readme_lists_every_command() {
    let names = commands();
    let readme = text("README.md");
    let missing = names
        .iter()
        .filter(|name| !readme.contains(&format!("\ncargo xtask {name} ")));
    assert_none("commands that README.md leaves out", missing.cloned().collect());
    let listed = readme
        .lines()
        .filter_map(|line| line.strip_prefix("cargo xtask "));
    let unknown = listed
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|name| !names.iter().any(|known| known == name));
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
            TRACES
                .iter()
                .chain([&HOST_APPLICATION])
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

/// `assert_cmd` finds the program, closes its input and shows the whole run when an expectation fails.
#[test]
fn tests_find_our_programs_with_assert_cmd() {
    let others = [
        concat!("CARGO_BIN", "_EXE_"),
        concat!("Command::new(", "\"ktx\")"),
        concat!("Command::new(", "\"xtask\")"),
    ];
    let tests = sources(&[".rs"])
        .into_iter()
        .filter(|path| path.contains("/tests/"));
    let offenders = tests.filter(|path| {
        let code = text(path);
        others.iter().any(|other| code.contains(other))
    });
    assert_none(
        "tests that find a program by hand: use `cargo_bin_cmd!`, or `cargo_bin!` for a process to signal",
        offenders.collect(),
    );
}

#[test]
fn processes_are_spawned_in_few_places() {
    let spawns = [
        concat!(".spawn", "()"),
        concat!(".output", "()"),
        concat!(".status", "()"),
    ];
    let places = [
        "system/src/process/",
        "system/src/platform/",
        "smoke/src/sandbox",
        "xtask/src/bench/",
    ];
    let offenders = sources(&[".rs"]).into_iter().filter(|path| {
        let test = path.contains("/tests/") || path.ends_with("tests.rs") || path.starts_with("fixtures/");
        let code = text(path);
        let code = code.split("\nmod tests {").next().unwrap_or_default();
        // The status of a runtime, not of a command.
        let code = code.replace("self.status()", "");
        !test
            && !places.iter().any(|place| path.starts_with(place))
            && code.contains("Command")
            && spawns.iter().any(|spawn| code.contains(spawn))
    });
    assert_none(
        "processes spawned outside of `system`, smoke's sandbox and the benchmarks",
        offenders.collect(),
    );
}
