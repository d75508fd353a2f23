//! Damage that `cargo xtask verify` must catch before a smoke.

use serde_json::json;

use super::{Artifact, Sabotage};
use crate::package_tree::later_stable_version;

const PACKAGE_JSON: &str = "package/package.json";
const LAUNCHER: &str = "package/dist/bin.js";

pub const ALL: &[Sabotage] = &[
    refused!("install-script-added", "package-install-script", |artifact| {
        artifact.package.json(PACKAGE_JSON, |package| {
            package["scripts"] = json!({"postinstall": "node dist/bin.js"})
        })
    }),
    refused!("dependency-added", "package-dependency", |artifact| artifact
        .package
        .json(PACKAGE_JSON, |package| package["dependencies"] =
            json!({"left-pad": "^1"}))),
    refused!("dist-tag-in-the-package", "package-json-mismatch", |artifact| {
        artifact.package.json(PACKAGE_JSON, |package| {
            package["publishConfig"]["tag"] = json!("latest")
        })
    }),
    refused!("registry-in-the-package", "package-json-mismatch", |artifact| {
        artifact.package.json(PACKAGE_JSON, |package| {
            package["publishConfig"]["registry"] = json!("http://127.0.0.1:9")
        })
    }),
    refused!(
        "package-of-another-version",
        "package-version-mismatch",
        |artifact| artifact
            .package
            .json(PACKAGE_JSON, |package| package["version"] = json!("9.9.9"))
    ),
    refused!("package-json-malformed", "package-json-invalid", |artifact| {
        artifact.package.bytes(PACKAGE_JSON)?.truncate(20);
        Ok(())
    }),
    refused!("licence-missing", "package-file-missing", |artifact| artifact
        .package
        .remove("package/LICENSE")),
    refused!(
        "key-file-packed-by-accident",
        "package-file-unexpected",
        |artifact| artifact.package.add("package/.env", "NPM_TOKEN=secret\n", 0o644)
    ),
    refused!("launcher-not-executable", "package-mode", |artifact| artifact
        .package
        .mode(LAUNCHER, 0o644)),
    refused!("readme-executable", "package-mode", |artifact| artifact
        .package
        .mode("package/README.md", 0o755)),
    refused!("no-program-at-all", "package-program-missing", |artifact| {
        artifact.package.remove_all("package/native/")
    }),
    refused!("program-empty", "program-unreadable", |artifact| {
        artifact.package.bytes(&Artifact::program())?.clear();
        Ok(())
    }),
    refused!("program-truncated", "package-program-size", |artifact| {
        let program = artifact.package.bytes(&Artifact::program())?;
        program.truncate(program.len() - 1);
        Ok(())
    }),
    refused!("program-for-another-machine", "program-platform", |artifact| {
        // The machine in an ELF header; MIPS is not one of ours.
        artifact.package.bytes(&Artifact::program())?[18] = 8;
        Ok(())
    }),
    refused!("launcher-with-another-time", "tarball-time", |artifact| artifact
        .package
        .time(LAUNCHER, 0)),
    refused!("lock-with-a-pin-appended", "artifact-lock-altered", |artifact| {
        let hash = "0".repeat(64);
        artifact
            .package
            .requirements(|text| format!("{text}evil==1.0 --hash=sha256:{hash}\n"))
    }),
    refused!("launcher-with-carriage-returns", "package-launcher", |artifact| {
        artifact.package.replace(LAUNCHER, "\n", "\r\n")
    }),
    refused!(
        "program-marked-with-another-version",
        "program-version",
        |artifact| {
            let version = artifact.package.version()?;
            let other = later_stable_version(&version)
                .ok_or_else(|| std::io::Error::other(format!("{version} has no later version as long")))?;
            artifact
                .package
                .replace_bytes(&Artifact::program(), version.as_bytes(), other.as_bytes())
        }
    ),
    refused!("telemetry-added", "package-telemetry", |artifact| artifact
        .package
        .append(LAUNCHER, "\nimport('posthog');\n")),
    refused!("asset-nobody-listed", "package-asset-unlisted", |artifact| {
        artifact
            .package
            .add("package/assets/python/extra.whl", "PK", 0o644)
    }),
    refused!("wheel-beside-is-another", "artifact-wheel-differs", |artifact| {
        let mut bytes = artifact.package.bytes(&artifact.package.wheel_path()?)?.clone();
        bytes.push(0);
        artifact.wheel_beside = Some(bytes);
        Ok(())
    }),
    refused!(
        "stray-file-among-the-artifacts",
        "artifact-unlisted",
        |artifact| {
            artifact.strays.push("debug.log");
            Ok(())
        }
    ),
    refused!(
        "artifact-manifest-malformed",
        "artifact-manifest-invalid",
        |artifact| {
            artifact.manifest_text = Some("{".to_owned());
            Ok(())
        }
    ),
    refused!(
        "tarball-changed-after-the-manifest",
        "artifact-files-mismatch",
        |artifact| {
            artifact.tarball_suffix = vec![0];
            Ok(())
        }
    ),
    refused!("wheel-record-lies", "wheel-record-hash", |artifact| artifact
        .package
        .wheel(|wheel| {
            wheel.honest_record = false;
            wheel.replace("ktx_daemon/__main__.py", "import", "import ")
        })),
    refused!("wheel-file-unlisted", "wheel-record-unlisted", |artifact| {
        artifact.package.wheel(|wheel| {
            wheel.honest_record = false;
            wheel.add("ktx_daemon/back_door.py", "");
            Ok(())
        })
    }),
];
