//! One name, one thing: two types that can meet in one file have two names.
//!
//! Types meet within a crate, and public ones where one crate uses the other. Types inside a function do not count.
//! `fixtures` and `smoke` mirror what they test on purpose: between them and the others nothing is compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{assert_none, metadata, root, sources, text};

/// Names that several crates use, and why that helps.
const ACCEPTED: [(&str, &str); 10] = [
    (
        "Attestations",
        "of a version: `publish` reads where they are, and the document itself",
    ),
    (
        "Dist",
        "npm's `dist` of a version: `publish` reads the digests, `announce` the signatures",
    ),
    (
        "Ecosystem",
        "of a package that is built, and of one that is locked; npm and Python are the same",
    ),
    (
        "Entry",
        "of an archive: one is read by `manifest`, the other written by `release`",
    ),
    ("Error", "each library has one"),
    (
        "Evidence",
        "of where a tag pointed, of who built a version, of a join: each is what a decision rests on",
    ),
    (
        "Finding",
        "of a check: `project` says it of a line of YAML, the others of a file",
    ),
    (
        "PackageJson",
        "npm's `package.json`: `release` writes it, `publish` reads it",
    ),
    ("Step", "of what is under way: each observer names its own"),
    (
        "Version",
        "npm's document of a version, which only `announce` reads; `audit` has those of advisories",
    ),
];

/// A type, and where it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    folder: String,
    file: String,
    is_public: bool,
}

#[test]
fn one_name_is_one_thing() {
    let used = used_folders();
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for file in sources(&[".rs"]) {
        let Some((folder, below)) = file.split_once("/src/") else {
            continue;
        };
        // One of the platforms is compiled; clap's types are named after their commands, as the files are.
        if folder == "fixtures" || below.starts_with("platform/") || below.ends_with("tests.rs") {
            continue;
        }
        let code = text(&file);
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (name, is_public) in code.lines().filter_map(declared) {
            let place = Place {
                folder: folder.to_owned(),
                file: file.clone(),
                is_public,
            };
            places.entry(name.to_owned()).or_default().push(place);
        }
    }
    let mut offenders = BTreeSet::new();
    for (name, places) in &places {
        for (index, one) in places.iter().enumerate() {
            for other in &places[index + 1..] {
                let reaches = |from: &Place, to: &Place| used[&from.folder].contains(&to.folder);
                let public = one.is_public
                    && other.is_public
                    && ![one, other].iter().any(|place| place.folder == "smoke");
                let meet = match one.folder == other.folder {
                    true => one.file != other.file,
                    false => public && (reaches(one, other) || reaches(other, one)),
                };
                if meet && !ACCEPTED.iter().any(|(known, _)| known == name) {
                    offenders.insert(format!("{name}: {}, {}", one.file, other.file));
                }
            }
        }
    }
    assert_none("types of one name", offenders.into_iter().collect());
}

/// The type that a line at the left margin declares, and whether it is public.
fn declared(line: &str) -> Option<(&str, bool)> {
    let is_public = line.starts_with("pub ");
    let rest = match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(") ")?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    let rest = ["struct ", "enum ", "trait ", "type "]
        .iter()
        .find_map(|keyword| rest.strip_prefix(keyword))?;
    let name = rest.split(|letter: char| !letter.is_alphanumeric()).next()?;
    let is_clap = name.ends_with("Arguments") || name.ends_with("Command");
    (!is_clap).then_some((name, is_public))
}

/// The folders of the crates that each crate uses, directly or not.
fn used_folders() -> BTreeMap<String, BTreeSet<String>> {
    let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata().packages {
        let folder = |path: &std::path::Path| {
            let below = path.strip_prefix(root()).expect("in the workspace");
            below.display().to_string()
        };
        let own = folder(package.manifest_path.parent().expect("a folder"));
        let ours = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none());
        let used = ours.filter_map(|dependency| dependency.path.as_ref());
        let used = used.map(|path| folder(std::path::Path::new(path))).collect();
        direct.insert(own, used);
    }
    let mut used = BTreeMap::new();
    for folder in direct.keys() {
        let mut reached = BTreeSet::new();
        let mut open = vec![folder];
        while let Some(next) = open.pop() {
            for other in &direct[next] {
                if reached.insert(other.clone()) {
                    open.push(other);
                }
            }
        }
        used.insert(folder.clone(), reached);
    }
    used
}

#[test]
fn a_line_declares_a_type_where_it_begins_with_one() {
    for (line, expected) in [
        ("pub struct Wheel<'a> {", Some(("Wheel", true))),
        ("struct Document {", Some(("Document", false))),
        ("pub(super) enum Fault {", Some(("Fault", false))),
        (
            "pub type Groups = BTreeMap<String, String>;",
            Some(("Groups", true)),
        ),
        ("pub trait Writer {", Some(("Writer", true))),
        ("    struct Local {", None),
        ("pub struct ListArguments {", None),
        ("enum WikiCommand {", None),
        ("pub fn structure() {", None),
        ("/// struct of words", None),
    ] {
        assert_eq!(declared(line), expected, "{line}");
    }
}
