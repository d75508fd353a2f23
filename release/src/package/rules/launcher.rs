//! The package's JavaScript starts on every system: the launcher names its interpreter, lines end as Unix ends them, and
//! nothing is loaded that is neither Node's own nor in the package. What it states about the programs is true.

use std::sync::LazyLock;

use ktx_manifest::Finding;
use regex::Regex;

use crate::package::contents::PackageContents;
use crate::package::package_json::LAUNCHER;
use crate::package::program_list::{self, PROGRAM_LIST};

const FOLDER: &str = "dist";
const INTERPRETER: &[u8] = b"#!/usr/bin/env node\n";

/// Node's own modules that the package uses; with the prefix `node:` any is.
const BUILT_IN: [&str; 4] = ["child_process", "fs", "os", "path"];

/// What a script loads, as far as it is said in quotes.
#[expect(clippy::expect_used, reason = "a constant expression, compiled by any test")]
static LOADED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:\brequire\s*\(|\bimport\s*\(|\bimport|\bfrom)\s*['"`]([^'"`\n]+)['"`]"#)
        .expect("a sound expression")
});

/// The same with something else in the brackets.
#[expect(clippy::expect_used, reason = "a constant expression, compiled by any test")]
static COMPUTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(?:require|import)\s*\(\s*([^'"`\s][^\n)]*)"#).expect("a sound expression")
});

pub fn findings(contents: &PackageContents) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |path: &str, reason: String| {
        let message = format!("failed to accept `{path}`: {reason}");
        findings.push(Finding::error("package-launcher", message));
    };
    for (name, file) in contents.below(FOLDER) {
        let path = format!("{FOLDER}/{name}");
        if file.bytes.contains(&b'\r') {
            refuse(
                &path,
                "it has carriage returns, which Unix takes for a part of the line".to_owned(),
            );
        } else if path == LAUNCHER && !file.bytes.starts_with(INTERPRETER) {
            refuse(&path, "its first line is not `#!/usr/bin/env node`".to_owned());
        }
        if !(name.ends_with(".js") || name.ends_with(".mjs")) {
            continue;
        }
        let text = String::from_utf8_lossy(file.bytes);
        for computed in COMPUTED.captures_iter(&text) {
            let what = computed[1].trim_end();
            refuse(
                &path,
                format!("it loads `{what}`, which only running it would name"),
            );
        }
        for loaded in LOADED.captures_iter(&text).map(|captures| captures[1].to_owned()) {
            let known = match loaded.strip_prefix("./") {
                Some(sibling) => contents.get(&format!("{FOLDER}/{sibling}")).is_some(),
                None => loaded.starts_with("node:") || BUILT_IN.contains(&loaded.as_str()),
            };
            if !known {
                refuse(
                    &path,
                    format!("it loads `{loaded}`, which is neither in the package nor Node.js's own"),
                );
            }
        }
    }
    findings.extend(untrue_sizes(contents));
    findings
}

/// A list that is missing is another rule's finding.
fn untrue_sizes(contents: &PackageContents) -> Option<Finding> {
    let stated = contents.get(PROGRAM_LIST)?.bytes;
    let expected = program_list::text(contents);
    (stated != expected.as_bytes()).then(|| {
        let message = format!(
            "failed to accept `{PROGRAM_LIST}`: it does not state the sizes of the programs in the package, {}",
            expected.split_whitespace().collect::<Vec<_>>().join(" ")
        );
        Finding::error("package-program-size", message).with_hint("run: cargo xtask build-package")
    })
}
