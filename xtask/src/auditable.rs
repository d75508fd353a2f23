//! Lets cargo-auditable write into a program the crates that are in it.
//!
//! By itself cargo-auditable asks `cargo metadata`, which adds the features that other packages of the workspace turn on,
//! and so lists crates that the program does not have. `cargo tree` resolves as the build does; what it says is handed
//! over in the form of cargo's own [SBOM precursor], which cargo-auditable prefers.
//!
//! [SBOM precursor]: https://doc.rust-lang.org/cargo/reference/unstable.html#sbom

use std::collections::BTreeSet;
use std::ffi::OsString;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_release::bill;
use serde_json::{Value, json};
use xshell::cmd;

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// The variables of a build of the program for a Rust target.
///
/// The command `cargo auditable` would name the wrapper by its path, and cargo hashes that into the names of symbols: the
/// program would be other bytes in another folder. So the wrapper is named without its folder, which is put on `PATH`.
pub fn environment(session: &Session<'_>, target: &str) -> Result<[(&'static str, OsString); 4]> {
    let auditable = tools::provide(session, ToolSet::Auditable)?;
    let list = list(session, target)?;
    fs::create_dir_all(list.parent().context("failed to name the folder of the list")?)?;
    fs::write(&list, crates(session, target)?.to_string())?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::iter::once(auditable.programs().into_std_path_buf()).chain(std::env::split_paths(&path));
    Ok([
        ("PATH", std::env::join_paths(folders)?),
        ("RUSTC_WORKSPACE_WRAPPER", "cargo-auditable".into()),
        // Says that this is the wrapper of a build; its values are for `cargo metadata`, which is not asked.
        (
            "CARGO_AUDITABLE_ORIG_ARGS",
            r#"{"offline":false,"locked":true,"frozen":false,"config":[]}"#.into(),
        ),
        ("CARGO_SBOM_PATH", list.into_std_path_buf().into()),
    ])
}

/// Fails unless a built program has the list that was handed over: linkers drop sections that nothing refers to, and every
/// format of programs has another way to keep one.
pub fn check(session: &Session<'_>, target: &str, program: &Utf8Path) -> Result<()> {
    let list: Value = serde_json::from_slice(&fs::read(list(session, target)?)?)?;
    let ids = list["crates"].as_array().into_iter().flatten();
    let expected: BTreeSet<String> = ids.filter_map(|one| one["id"].as_str()).map(reference).collect();
    let found = bill::crates(&fs::read(program)?).map_err(anyhow::Error::msg);
    let found = found.with_context(|| format!("failed to read the list of crates in `{program}`"))?;
    let found: BTreeSet<String> = found.iter().map(bill::Crate::reference).collect();
    if found == expected {
        return Ok(());
    }
    let [missing, surplus] = [&expected - &found, &found - &expected].map(|crates| crates.len());
    let message = format!(
        "failed to accept `{program}`: of the {} crates that it was built from, its list lacks {missing}, and has {surplus} others",
        expected.len()
    );
    let hint = format!("link it again: cargo clean --package ktx --target {target}, then the same command");
    Err(Failure::new(Exit::Integrity, message).hint(hint).into())
}

/// A crate as the bill of materials refers to it.
fn reference(id: &str) -> String {
    let (source, name) = id.rsplit_once('#').unwrap_or(("", id));
    match source.starts_with("registry+") {
        true => format!("pkg:cargo/{name}"),
        false => format!("crate:{name}"),
    }
}

fn list(session: &Session<'_>, target: &str) -> Result<Utf8PathBuf> {
    Ok(session.root()?.join(format!("target/auditable/{target}.json")))
}

/// The crates in the program: the normal dependencies for the target, without procedural macros and what only those need.
fn crates(session: &Session<'_>, target: &str) -> Result<Value> {
    let sh = session.shell()?;
    let tree = cmd!(
        sh,
        "cargo tree --locked --package ktx --target {target} --edges normal,no-proc-macro --prefix none"
    );
    let said = process::run(session.printer, tree.args(["--format", "{p}"]), OutputMode::Kept)?;
    let ids: BTreeSet<String> = said.lines().map(package_id).collect::<Result<_>>()?;
    // The order decides the bytes, so it is that of the names; the program's own crate is the root.
    let root = ids.iter().position(|id| id.contains("#ktx@"));
    let root = root.context("failed to find ktx in what cargo tree says")?;
    let node = |(index, id): (usize, &String)| {
        let others = (0..ids.len()).filter(|other| index == root && *other != root);
        let dependencies: Vec<Value> = others
            .map(|other| json!({"index": other, "kind": "normal"}))
            .collect();
        json!({"id": id, "kind": [], "features": [], "dependencies": dependencies})
    };
    let rustc = json!({
        "version": "", "wrapper": null, "workspace_wrapper": null, "commit_hash": "", "host": "", "verbose_version": "",
    });
    Ok(json!({
        "version": 1,
        "root": root,
        "crates": ids.iter().enumerate().map(node).collect::<Vec<_>>(),
        "rustc": rustc,
    }))
}

/// The package id of a line such as `serde v1.0.228`, or `ktx v0.1.0 (/folder)` for a crate of the workspace.
fn package_id(line: &str) -> Result<String> {
    let line = line.trim().trim_end_matches("(*)").trim();
    let mut words = line.splitn(3, ' ');
    let (name, version) = (words.next(), words.next().and_then(|word| word.strip_prefix('v')));
    let (Some(name), Some(version)) = (name, version) else {
        anyhow::bail!("failed to read what cargo tree says: `{line}`");
    };
    let source = match words.next().unwrap_or_default() {
        "" => "registry+https://github.com/rust-lang/crates.io-index",
        place if place.contains("://") => "git+https://unknown",
        place if place.starts_with("(registry") => "registry+https://unknown",
        // The folder is not written into the program, only that it is one.
        _ => "path+file:///ktx",
    };
    Ok(format!("{source}#{name}@{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_cargo_tree_is_a_package() {
        let index = "registry+https://github.com/rust-lang/crates.io-index";
        for (line, expected) in [
            ("serde v1.0.228", format!("{index}#serde@1.0.228")),
            ("serde v1.0.228 (*)", format!("{index}#serde@1.0.228")),
            (
                "zstd v2.0.16+zstd.1.5.7",
                format!("{index}#zstd@2.0.16+zstd.1.5.7"),
            ),
            (
                "ktx v0.1.0-rc.0 (/home/ada/my ktx/cli)",
                "path+file:///ktx#ktx@0.1.0-rc.0".to_owned(),
            ),
            (
                "left v1.0.0 (https://git.example/left?rev=0#c0ffee)",
                "git+https://unknown#left@1.0.0".to_owned(),
            ),
            (
                "right v1.0.0 (registry `other`)",
                "registry+https://unknown#right@1.0.0".to_owned(),
            ),
        ] {
            assert_eq!(package_id(line).expect("a package"), expected, "{line}");
        }
        for line in ["", "serde", "error: no such package"] {
            assert!(package_id(line).is_err(), "{line}");
        }
    }
}
