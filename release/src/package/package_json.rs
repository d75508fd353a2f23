//! The `package.json` that ships, as a type: nothing that is not here can be in it. Format: npm's [documentation].
//!
//! No scripts, no dependencies, no tag and no registry: installing runs nothing, and where the package is published
//! is decided when it is.
//!
//! [documentation]: https://docs.npmjs.com/cli/configuring-npm/package-json

use std::collections::BTreeMap;

use ktx_manifest::Finding;
use ktx_manifest::artifact_manifest::NPM_PACKAGE;
use serde::{Deserialize, Serialize};

use crate::bill::NOTICES;

/// Where the launcher is in the package.
pub const LAUNCHER: &str = "dist/bin.js";

/// The version in the work tree's file.
const PLACEHOLDER_VERSION: &str = "0.0.0-private";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackageJson {
    pub name: String,
    pub version: semver::Version,
    description: String,
    keywords: Vec<String>,
    homepage: String,
    bugs: Bugs,
    repository: Repository,
    license: String,
    /// How Node.js reads a file that ends in `.js`; without it, it has to find out at every start.
    #[serde(rename = "type")]
    module_type: String,
    main: String,
    types: String,
    exports: BTreeMap<String, Export>,
    bin: BTreeMap<String, String>,
    files: Vec<String>,
    engines: Engines,
    /// Yarn's Plug'n'Play cannot run a program inside a zip.
    prefer_unplugged: bool,
    publish_config: PublishConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bugs {
    url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repository {
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Export {
    File(String),
    Module(Module),
    Both(Both),
}

/// What `import` and what `require` find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    import: Module,
    require: Module,
}

/// The order matters: the first condition that holds is taken, and types must come first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    types: String,
    default: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Engines {
    node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishConfig {
    access: String,
}

impl PackageJson {
    /// What ships as this version.
    pub fn new(version: semver::Version) -> PackageJson {
        let text = str::to_owned;
        let module = |types: &str, default: &str| Module {
            types: types.to_owned(),
            default: default.to_owned(),
        };
        let api = Both {
            import: module("./dist/index.d.mts", "./dist/index.mjs"),
            require: module("./dist/ktx-api.d.ts", "./dist/ktx-api.js"),
        };
        let launcher = format!("./{LAUNCHER}");
        PackageJson {
            name: text(NPM_PACKAGE),
            version,
            description: text("Standalone KTX context layer for database agents"),
            keywords: ["semantic-layer", "sql", "database", "agents", "mcp", "analytics"]
                .map(text)
                .into(),
            homepage: text("https://github.com/kaelio/ktx#readme"),
            bugs: Bugs {
                url: text("https://github.com/kaelio/ktx/issues"),
            },
            repository: Repository {
                kind: text("git"),
                url: text("git+https://github.com/kaelio/ktx.git"),
            },
            license: text("Apache-2.0"),
            module_type: text("commonjs"),
            main: api.require.default.clone(),
            types: api.require.types.clone(),
            exports: BTreeMap::from([
                (text("."), Export::Both(api)),
                (
                    launcher.clone(),
                    Export::Module(module("./dist/bin.d.ts", &launcher)),
                ),
                (text("./package.json"), Export::File(text("./package.json"))),
            ]),
            bin: BTreeMap::from([(text("ktx"), launcher)]),
            files: ["dist", "native", "assets", NOTICES].map(text).into(),
            engines: Engines { node: text(">=18") },
            prefer_unplugged: true,
            publish_config: PublishConfig {
                access: text("public"),
            },
        }
    }

    pub fn to_text(&self) -> String {
        ktx_manifest::json_text(self)
    }
}

/// What the work tree's file holds: enough for editors, nothing that could ship.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholder {
    name: String,
    version: String,
    private: bool,
}

/// What is wrong with the work tree's file at `path`.
pub fn placeholder_findings(path: &str, text: &str) -> Vec<Finding> {
    let placeholder: Placeholder = match serde_json::from_str(text) {
        Ok(placeholder) => placeholder,
        Err(error) => {
            let message = format!("failed to read `{path}`: {error}");
            let hint =
                "it holds name, version and private alone; everything that ships is stamped by the build";
            return vec![Finding::error("package-placeholder-invalid", message).with_hint(hint)];
        }
    };
    let mut findings = Vec::new();
    if placeholder.name != NPM_PACKAGE {
        let message = format!(
            "Unexpected package name in npm/package.json: expected {NPM_PACKAGE}, got {}",
            placeholder.name
        );
        findings.push(Finding::error("package-name-mismatch", message));
    }
    if placeholder.version != PLACEHOLDER_VERSION || !placeholder.private {
        let message = format!(
            "failed to read `{path}`: it is not private at the placeholder version {PLACEHOLDER_VERSION}"
        );
        let hint = "change the workspace's version instead: cargo xtask version set VERSION";
        findings.push(Finding::error("package-placeholder-invalid", message).with_hint(hint));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamped_file_is_this_text() {
        insta::assert_snapshot!(PackageJson::new(semver::Version::new(1, 2, 3)).to_text(), @r#"
        {
          "name": "@kaelio/ktx",
          "version": "1.2.3",
          "description": "Standalone KTX context layer for database agents",
          "keywords": [
            "semantic-layer",
            "sql",
            "database",
            "agents",
            "mcp",
            "analytics"
          ],
          "homepage": "https://github.com/kaelio/ktx#readme",
          "bugs": {
            "url": "https://github.com/kaelio/ktx/issues"
          },
          "repository": {
            "type": "git",
            "url": "git+https://github.com/kaelio/ktx.git"
          },
          "license": "Apache-2.0",
          "type": "commonjs",
          "main": "./dist/ktx-api.js",
          "types": "./dist/ktx-api.d.ts",
          "exports": {
            ".": {
              "import": {
                "types": "./dist/index.d.mts",
                "default": "./dist/index.mjs"
              },
              "require": {
                "types": "./dist/ktx-api.d.ts",
                "default": "./dist/ktx-api.js"
              }
            },
            "./dist/bin.js": {
              "types": "./dist/bin.d.ts",
              "default": "./dist/bin.js"
            },
            "./package.json": "./package.json"
          },
          "bin": {
            "ktx": "./dist/bin.js"
          },
          "files": [
            "dist",
            "native",
            "assets",
            "THIRD-PARTY-NOTICES"
          ],
          "engines": {
            "node": ">=18"
          },
          "preferUnplugged": true,
          "publishConfig": {
            "access": "public"
          }
        }
        "#);
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let findings = placeholder_findings("npm/package.json", text);
        let codes: Vec<_> = findings.iter().map(|finding| finding.code.as_ref()).collect();
        assert_eq!(codes, expected, "{text}");
    }

    #[test]
    fn the_work_tree_holds_a_placeholder_and_nothing_else() {
        check(
            r#"{"name": "@kaelio/ktx", "version": "0.0.0-private", "private": true}"#,
            &[],
        );
        check(
            r#"{"name": "@other/ktx", "version": "0.0.0-private", "private": true}"#,
            &["package-name-mismatch"],
        );
        let invalid = &["package-placeholder-invalid"];
        check(
            r#"{"name": "@kaelio/ktx", "version": "0.1.0", "private": true}"#,
            invalid,
        );
        check(
            r#"{"name": "@kaelio/ktx", "version": "0.0.0-private", "private": false}"#,
            invalid,
        );
        check(r#"{"name": "@kaelio/ktx", "version": "0.0.0-private"}"#, invalid);
        let script = r#"{"name": "@kaelio/ktx", "version": "0.0.0-private", "private": true, "scripts": {}}"#;
        check(script, invalid);
        check("{", invalid);
    }
}
