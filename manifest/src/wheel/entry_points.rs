//! `entry_points.txt`: which scripts a wheel installs and what they call.
//!
//! <https://packaging.python.org/en/latest/specifications/entry-points/>

use std::collections::BTreeMap;

use crate::archive_path::ArchivePath;

/// Object references (`package.module:function`) by name, by group.
pub type EntryPoints = BTreeMap<String, BTreeMap<String, String>>;

/// Groups whose names become files in the environment's folder of scripts.
const SCRIPT_GROUPS: [&str; 2] = ["console_scripts", "gui_scripts"];

/// Reads the file. The error is a clause without the file's name.
pub(super) fn parse(text: &[u8]) -> Result<EntryPoints, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut groups = EntryPoints::new();
    let mut group = None;
    for (line, number) in text.lines().zip(1..) {
        let fault = |cause: &str| format!("line {number} {cause}");
        if line.trim().is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) || line.chars().any(|character| character.is_control()) {
            return Err(fault("is folded or has a control character"));
        }
        if let Some(name) = line.trim_end().strip_prefix('[') {
            let name = name.strip_suffix(']').filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| fault("is not a group"))?.to_owned();
            if groups.insert(name.clone(), BTreeMap::new()).is_some() {
                return Err(fault("repeats a group"));
            }
            group = Some(name);
            continue;
        }
        let (name, reference) = line.split_once('=').ok_or_else(|| fault("has no `=`"))?;
        let (name, reference) = (name.trim(), reference.trim());
        let Some(group) = &group else {
            return Err(fault("belongs to no group"));
        };
        let script = SCRIPT_GROUPS.contains(&group.as_str());
        if !is_reference(reference, script) {
            return Err(fault("refers to no object"));
        }
        if name.is_empty() || (script && !name.parse::<ArchivePath>().is_ok_and(|path| path.is_bare())) {
            return Err(fault("has a name that is not a file name"));
        }
        let known = groups.entry(group.clone()).or_default();
        if known.insert(name.to_owned(), reference.to_owned()).is_some() {
            return Err(fault("repeats an entry point"));
        }
    }
    Ok(groups)
}

/// `module`, or `module:object`, which scripts must have; extras in brackets are allowed and have no meaning.
fn is_reference(text: &str, needs_object: bool) -> bool {
    let text = match text.split_once('[') {
        Some((reference, extras)) if extras.ends_with(']') => reference.trim_end(),
        Some(_) => return false,
        None => text,
    };
    match text.split_once(':') {
        Some((module, object)) => is_dotted(module.trim()) && is_dotted(object.trim()),
        None => !needs_object && is_dotted(text),
    }
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(|name| {
        let mut characters = name.chars();
        characters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|character| character.is_alphanumeric() || character == '_')
    })
}
