//! Which files a package holds, and which of them are executable.

use ktx_manifest::package_layout::{ASSET_MANIFEST, ASSETS, DEMO, UV_PIN};
use ktx_manifest::sbom::SBOM;
use ktx_manifest::{Finding, Platform};

use crate::bill::NOTICES;
use crate::package::contents::PackageContents;
use crate::package::mode_of;
use crate::package::package_json::LAUNCHER;
use crate::package::program_list::PROGRAM_LIST;

/// Without these nothing works, or nobody may use it.
const REQUIRED: [&str; 18] = [
    "LICENSE",
    "README.md",
    NOTICES,
    ASSET_MANIFEST,
    SBOM,
    UV_PIN,
    "dist/bin.d.ts",
    LAUNCHER,
    "dist/error.js",
    "dist/failure.js",
    "dist/index.d.mts",
    "dist/index.mjs",
    "dist/ktx-api.d.ts",
    "dist/ktx-api.js",
    "dist/program.js",
    PROGRAM_LIST,
    "dist/streams.js",
    "package.json",
];

pub fn findings(contents: &PackageContents) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in REQUIRED.iter().filter(|path| contents.get(path).is_none()) {
        findings.push(Finding::error(
            "package-file-missing",
            format!("failed to find `{path}` in the package"),
        ));
    }
    let programs = Platform::ALL.map(Platform::program_path);
    if !programs.iter().any(|program| contents.get(program).is_some()) {
        let message = "failed to find a program below `native` in the package".to_owned();
        findings.push(Finding::error("package-program-missing", message).with_hint("run: cargo xtask build"));
    }
    for (path, file) in contents.iter() {
        let program = programs.iter().any(|program| program == path);
        if !program && !belongs(path) {
            let message = format!("failed to accept `{path}`: nothing of that name belongs in the package");
            findings.push(Finding::error("package-file-unexpected", message));
        }
        let expected = mode_of(path);
        if file.mode != expected {
            let message = format!(
                "failed to accept `{path}`: its mode is {:04o}, expected {:04o}",
                file.mode.bits(),
                expected.bits()
            );
            findings.push(Finding::error("package-mode", message));
        }
    }
    findings
}

fn belongs(path: &str) -> bool {
    let is_below = |folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    REQUIRED.contains(&path) || is_below(ASSETS) || is_below(DEMO)
}
