//! What can be wrong with the package as a whole: its files, its `package.json`, the manifests beside it.

use serde_json::json;

use super::{Artifact, Catcher, Sabotage};

const PACKAGE_JSON: &str = "package/package.json";

pub const ALL: &[Sabotage] = &[
    Sabotage {
        name: "nothing-wrong",
        apply: |_| Ok(()),
        caught_by: Catcher::Nobody("npm-local"),
    },
    Sabotage {
        name: "program-missing",
        apply: |artifact| artifact.package.remove(&Artifact::program()),
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "program-not-executable",
        apply: |artifact| artifact.package.mode(&Artifact::program(), 0o644),
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "program-of-another-platform",
        apply: |artifact| {
            // The header of a Windows program; the kernel refuses to run it.
            *artifact.package.bytes(&Artifact::program())? = [b"MZ".as_slice(), &[0; 1022]].concat();
            Ok(())
        },
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "program-cut-short",
        apply: |artifact| {
            artifact.package.bytes(&Artifact::program())?.truncate(512);
            Ok(())
        },
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "program-of-no-bytes",
        apply: |artifact| replace_program(artifact, ""),
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "program-is-a-web-page",
        apply: |artifact| replace_program(artifact, "<!doctype html>\n<title>502 Bad Gateway</title>\n"),
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "version-of-another-release",
        apply: |artifact| {
            artifact
                .package
                .json(PACKAGE_JSON, |package| package["version"] = json!("9.9.9"))
        },
        caught_by: Catcher::Scenario("npm-local", "api.json"),
    },
    Sabotage {
        name: "another-operating-system-only",
        apply: |artifact| {
            artifact
                .package
                .json(PACKAGE_JSON, |package| package["os"] = json!(["aix"]))
        },
        caught_by: Catcher::Scenario("npm-local", "install.exit"),
    },
    Sabotage {
        name: "no-bin",
        apply: |artifact| {
            artifact.package.json(PACKAGE_JSON, |package| {
                package.as_object_mut().map(|package| package.remove("bin"));
            })
        },
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "bin-of-a-missing-file",
        apply: |artifact| {
            artifact.package.json(PACKAGE_JSON, |package| {
                package["bin"]["ktx"] = json!("dist/gone.js")
            })
        },
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "no-exports",
        apply: |artifact| {
            artifact.package.json(PACKAGE_JSON, |package| {
                package["exports"] = json!({});
            })
        },
        caught_by: Catcher::Scenario("npm-local", "api.exit"),
    },
    Sabotage {
        name: "not-unplugged",
        apply: |artifact| {
            artifact
                .package
                .json(PACKAGE_JSON, |package| package["preferUnplugged"] = json!(false))
        },
        caught_by: Catcher::Scenario("yarn-pnp", "version.exit"),
    },
    Sabotage {
        name: "install-script-that-fails",
        apply: |artifact| {
            artifact.package.json(PACKAGE_JSON, |package| {
                package["scripts"] = json!({"preinstall": "exit 1"})
            })
        },
        caught_by: Catcher::Scenario("npm-local", "install.exit"),
    },
];

/// Other bytes in the program's place, as many as the package states: only their beginning tells.
fn replace_program(artifact: &mut Artifact, text: &str) -> std::io::Result<()> {
    *artifact.package.bytes(&Artifact::program())? = text.into();
    artifact.state_size()
}
