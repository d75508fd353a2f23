//! Files import in one direction: what two of them need from each other belongs in a third. A `mod.rs` and what is below
//! it are excepted, since a module speaks for its children.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{assert_none, sources, text};

#[test]
fn files_do_not_import_in_a_circle() {
    let files = sources(&[".rs"]);
    let modules: BTreeMap<String, &String> = files
        .iter()
        .filter_map(|file| Some((module_of(file)?, file)))
        .collect();
    let mut imports = BTreeMap::new();
    for (module, file) in &modules {
        let code = text(file);
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let named = imported(code, module).into_iter();
        let found: BTreeSet<&String> = named
            .filter_map(|path| {
                modules
                    .get_key_value(&home(&path, &modules)?)
                    .map(|(name, _)| name)
            })
            .filter(|other| !is_below(other, module) && !is_below(module, other))
            .collect();
        imports.insert(module, found);
    }
    let circles: BTreeSet<String> = modules
        .keys()
        .map(|module| circle_of(module, &imports))
        .filter(|circle| circle.len() > 1)
        .map(|circle| circle.into_iter().collect::<Vec<_>>().join(" "))
        .collect();
    assert_none("files that import each other", circles.into_iter().collect());
}

/// `runtime/src/ports/query.rs` is `runtime::ports::query`, a `mod.rs` its folder. Tests and build scripts have none.
fn module_of(file: &str) -> Option<String> {
    let (member, below) = file.split_once("/src/")?;
    let below = below.strip_suffix(".rs")?;
    let below = below.strip_suffix("/mod").unwrap_or(below);
    let root = ["lib", "main", "mod"].contains(&below);
    let names = below.split('/').filter(|_| !root);
    Some(
        std::iter::once(member)
            .chain(names)
            .collect::<Vec<_>>()
            .join("::"),
    )
}

/// The file that a path leads into: the longest beginning of it that is a module.
fn home(path: &str, modules: &BTreeMap<String, &String>) -> Option<String> {
    let names: Vec<&str> = path.split("::").collect();
    let beginnings = (1..=names.len()).rev().map(|count| names[..count].join("::"));
    beginnings.into_iter().find(|module| modules.contains_key(module))
}

fn is_below(inner: &str, outer: &str) -> bool {
    inner == outer
        || inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with("::"))
}

/// Every path of the crate that the `use` declarations of a file name.
fn imported(code: &str, module: &str) -> Vec<String> {
    let member = module.split("::").next().unwrap_or_default();
    let parent = module.rsplit_once("::").map_or(member, |(parent, _)| parent);
    let starts = code.match_indices("use ").filter(|(at, _)| {
        let before = code[..*at]
            .trim_end_matches("pub(crate) ")
            .trim_end_matches("pub(super) ");
        let before = before.trim_end_matches("pub ");
        before.is_empty() || before.ends_with('\n')
    });
    let mut paths = Vec::new();
    for (at, start) in starts {
        let tree: String = code[at + start.len()..]
            .chars()
            .take_while(|one| *one != ';')
            .collect();
        expand(&tree.split_whitespace().collect::<String>(), "", &mut paths);
    }
    let absolute = paths.into_iter().filter_map(|path| {
        let (first, rest) = path.split_once("::")?;
        let from = match first {
            "crate" => member,
            "super" => parent,
            "self" => module,
            _ => return None,
        };
        Some(format!("{from}::{rest}"))
    });
    absolute.collect()
}

/// `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tree: &str, prefix: &str, paths: &mut Vec<String>) {
    let mut depth = 0;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, one) in tree.char_indices() {
        match one {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((head, rest)) => expand(rest.trim_end_matches('}'), &format!("{prefix}{head}"), paths),
            None => paths.push(format!("{prefix}{part}")),
        }
    }
}

/// The modules that `module` reaches and that reach it.
fn circle_of(module: &str, imports: &BTreeMap<&String, BTreeSet<&String>>) -> BTreeSet<String> {
    let reached = |from: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(here) = next.pop() {
            for other in imports.get(&here).into_iter().flatten() {
                if seen.insert((*other).clone()) {
                    next.push((*other).clone());
                }
            }
        }
        seen
    };
    let forward = reached(module);
    forward
        .into_iter()
        .filter(|other| reached(other).contains(module))
        .collect()
}

#[test]
fn what_is_imported_is_read_from_the_declarations() {
    let code = "use crate::a::{b, c::{d, e}};\npub use super::f;\nuse std::io;\n    let reuse = 1; // use crate::x\n";
    assert_eq!(
        imported(code, "cli::here::now"),
        ["cli::a::b", "cli::a::c::d", "cli::a::c::e", "cli::here::f"]
    );
}
