//! Installing a package runs nothing and installs nothing else.

use ktx_manifest::Finding;
use serde_json::Value;

use crate::package::contents::PackageContents;
use crate::package::package_json::PackageJson;

const FILE: &str = "package.json";

pub fn findings(contents: &PackageContents, version: &semver::Version) -> Vec<Finding> {
    let mut findings = Vec::new();
    // npm builds a package that has one, without any script being named.
    if contents.get("binding.gyp").is_some() {
        findings.push(script(
            "binding.gyp",
            "npm compiles a package that has this file when it installs it",
        ));
    }
    let Some(file) = contents.get(FILE) else {
        return findings;
    };
    let json: Value = match serde_json::from_slice(file.bytes) {
        Ok(json) => json,
        Err(error) => {
            findings.push(Finding::error(
                "package-json-invalid",
                format!("failed to read `{FILE}`: {error}"),
            ));
            return findings;
        }
    };
    if let Some(scripts) = json.get("scripts") {
        let names = scripts
            .as_object()
            .map(|scripts| scripts.keys().cloned().collect::<Vec<_>>().join(", "));
        findings.push(script(
            FILE,
            &format!("it has scripts ({})", names.unwrap_or_default()),
        ));
    }
    for key in json.as_object().into_iter().flat_map(|json| json.keys()) {
        if key.to_ascii_lowercase().ends_with("dependencies") && key != "devDependencies" {
            let message =
                format!("failed to accept `{FILE}`: it has `{key}`; the package must be self-contained");
            findings.push(Finding::error("package-dependency", message));
        }
    }
    findings.extend(differs(&json, version));
    findings
}

fn script(path: &str, reason: &str) -> Finding {
    let message = format!("failed to accept `{path}`: {reason}");
    Finding::error("package-install-script", message).with_hint("remove it: installing must run nothing")
}

/// The file is the one that this version is stamped with, byte for byte.
fn differs(json: &Value, version: &semver::Version) -> Option<Finding> {
    let expected = PackageJson::new(version.clone());
    if json.get("version").and_then(Value::as_str) != Some(&version.to_string()) {
        let found = json.get("version").cloned().unwrap_or_default();
        let message = format!("failed to accept `{FILE}`: expected version {version}, found {found}");
        return Some(Finding::error("package-version-mismatch", message));
    }
    let wrong = match serde_json::from_value::<PackageJson>(json.clone()) {
        Ok(found) if found == expected => return None,
        Ok(_) => "its fields are not those that the build writes".to_owned(),
        Err(error) => error.to_string(),
    };
    let message = format!("failed to accept `{FILE}`: {wrong}");
    Some(Finding::error("package-json-mismatch", message).with_hint("run: cargo xtask build-package"))
}
