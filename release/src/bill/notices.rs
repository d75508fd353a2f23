//! `THIRD-PARTY-NOTICES`: the licence texts of everything in the programs, each text once below the names of those it is
//! for. The texts are the components' own files.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
pub use ktx_manifest::package_layout::NOTICES;
use ktx_manifest::sbom::Component;
use ktx_manifest::{ArchivePath, Finding};
use spdx::{Expression, LicenseReq};

use crate::archive::{Entry, Mode};
use crate::error::Error;

const RULE: &str = "================================================================================";

const INTRODUCTION: &str =
    "The programs in this package contain the following third-party software. Each licence text follows the
names and versions of the software that it is for. `assets/sbom.cdx.json` lists what is in which program.
";

/// What the files with a licence in them are called, in any case and with any ending.
const NAMES: [&str; 7] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "PATENTS",
    "UNLICENSE",
];

/// The texts, collected.
#[derive(Default)]
pub struct Notices {
    /// The components by the text that is for them.
    texts: BTreeMap<String, Vec<String>>,
}

impl Notices {
    /// Adds the texts of a component.
    pub fn add(&mut self, component: &Component, texts: Vec<String>) {
        let line = heading(component);
        for text in texts {
            let components = self.texts.entry(tidy(&text)).or_default();
            if !components.contains(&line) {
                components.push(line.clone());
            }
        }
    }

    /// The file: texts in the order of the first component that each is for.
    pub fn into_entry(self, path: ArchivePath) -> Entry {
        let mut groups: Vec<(Vec<String>, String)> = self
            .texts
            .into_iter()
            .map(|(text, mut components)| {
                components.sort();
                (components, text)
            })
            .collect();
        groups.sort();
        let mut file = INTRODUCTION.to_owned();
        for (components, text) in groups {
            let names = components.join("\n");
            file.push_str(&format!("\n{RULE}\n{names}\n\n{text}"));
        }
        Entry::generated(path, Mode::Regular, file)
    }
}

/// The line that says that a text is for a component.
pub fn heading(component: &Component) -> String {
    let version = component.version.as_deref().unwrap_or_default();
    let license = component
        .licenses
        .first()
        .map_or("", |license| license.expression.as_str());
    format!("{} {version} ({license})", component.name)
}

/// The licence texts in a crate's folder. Of one that may be used under the Apache License, that text and its notices
/// are enough; `apache` is the text for those that have no file.
pub fn of_crate(
    component: &Component,
    folder: &Path,
    apache: &str,
) -> Result<Result<Vec<String>, Finding>, Error> {
    let is_apache_enough = component
        .licenses
        .first()
        .and_then(|license| Expression::parse(&license.expression).ok())
        .is_some_and(|expression| expression.evaluate(is_apache));
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(Error::File)? {
        let path = entry.map_err(Error::File)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_uppercase();
        if NAMES.iter().any(|prefix| name.starts_with(prefix)) && path.is_file() {
            files.insert(name, path);
        }
    }
    let has_apache = files.keys().any(|name| name.contains("APACHE"));
    if is_apache_enough && has_apache {
        let is_needed = |name: &str| {
            name.contains("APACHE")
                || ["NOTICE", "COPYRIGHT"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
        };
        files.retain(|name, _| is_needed(name));
    }
    if files.is_empty() {
        let message = format!("failed to find a licence text in `{}`", folder.display());
        let missing = Finding::error("license-text-missing", message);
        return Ok(if is_apache_enough {
            Ok(vec![apache.to_owned()])
        } else {
            Err(missing)
        });
    }
    let mut texts = Vec::new();
    for path in files.values() {
        let bytes = fs::read(path).map_err(Error::File)?;
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(Ok(texts))
}

/// The text for what is not a crate.
pub fn of_runtime(name: &str, apache: &str) -> Option<String> {
    let text = match name {
        "rust-std" => apache,
        "zig-compiler-rt" => include_str!("../../notices/zig.txt"),
        "musl" => include_str!("../../notices/musl.txt"),
        "mingw-w64" => include_str!("../../notices/mingw-w64.txt"),
        "sqlite" => include_str!("../../notices/sqlite.txt"),
        _ => return None,
    };
    Some(text.to_owned())
}

fn is_apache(requirement: &LicenseReq) -> bool {
    requirement.addition.is_none()
        && requirement
            .license
            .id()
            .is_some_and(|license| license.name == "Apache-2.0")
}

/// Without blanks at the ends of lines, so that copies of a text are one.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_matches('\n'))
}
