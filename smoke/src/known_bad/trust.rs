//! What would make the package lie about what is in it, or tell what nobody should know.

use ktx_manifest::sbom::{Component, ComponentKind};

use super::{Artifact, Sabotage};

/// The machine that the artifacts pretend to be built on.
pub const BUILD_HOST: &str = "build-7f3a.agents.example";

const LAUNCHER: &str = "package/dist/bin.js";
const NOTICES: &str = "package/THIRD-PARTY-NOTICES";
const SBOM: &str = "package/assets/sbom.cdx.json";
const LOCK: &str = "assets/python/core.txt";

pub const ALL: &[Sabotage] = &[
    refused!("bill-missing", "package-file-missing", |artifact| artifact
        .package
        .remove(SBOM)),
    refused!("bill-malformed", "sbom-unreadable", |artifact| {
        artifact.package.bytes(SBOM)?.truncate(200);
        Ok(())
    }),
    refused!("bill-without-a-crate", "sbom-crates", |artifact| {
        let program = program();
        artifact.package.damage_bill(|sbom| {
            for dependency in &mut sbom.dependencies {
                if dependency.reference == program {
                    dependency.depends_on.remove(0);
                }
            }
        })
    }),
    refused!("bill-with-a-crate-too-many", "sbom-surplus", |artifact| {
        artifact.package.damage_bill(|sbom| {
            let reference = "pkg:cargo/left-pad@1.0.0";
            let component = Component::new(ComponentKind::Library, reference, "left-pad");
            sbom.components.push(component);
        })
    }),
    refused!("bill-of-another-program", "sbom-digest", |artifact| {
        let program = program();
        artifact.package.damage_bill(|sbom| {
            for component in &mut sbom.components {
                if component.reference == program {
                    component.hashes.clear();
                }
            }
        })
    }),
    refused!("bill-of-another-version", "sbom-version", |artifact| artifact
        .package
        .damage_bill(
            |sbom| sbom.metadata.component.version = Some("9.9.9".to_owned())
        )),
    refused!("bill-without-a-locked-distribution", "sbom-python", |artifact| {
        artifact.package.damage_bill(|sbom| {
            for dependency in &mut sbom.dependencies {
                if dependency.reference == LOCK {
                    dependency.depends_on.pop();
                }
            }
        })
    }),
    refused!("bill-that-refers-to-nothing", "sbom-undescribed", |artifact| {
        artifact.package.damage_bill(|sbom| {
            sbom.components.retain(|component| component.reference != LOCK);
        })
    }),
    refused!("wheel-without-its-bill", "wheel-sbom", |artifact| artifact
        .package
        .wheel(|wheel| {
            let bill = wheel.path_ending(".dist-info/sboms/kaelio_ktx.cdx.json")?;
            wheel.remove(&bill)
        })),
    refused!("notices-missing", "package-file-missing", |artifact| artifact
        .package
        .remove(NOTICES)),
    refused!("notices-cut-short", "notices-incomplete", |artifact| {
        artifact.package.bytes(NOTICES)?.truncate(400);
        Ok(())
    }),
    refused!("registry-token-in-the-launcher", "package-secret", |artifact| {
        let token = format!("\n// npm_{}\n", "Zx8".repeat(12));
        artifact.package.append(LAUNCHER, &token)
    }),
    refused!("private-key-in-the-wheel", "package-secret", |artifact| {
        let kind = "PRIVATE KEY";
        let key = format!(
            "KEY = '''-----BEGIN {kind}-----\n{}\n'''\n",
            "MIGHAgEAMBMG".repeat(4)
        );
        artifact
            .package
            .wheel(|wheel| wheel.append("ktx_daemon/__main__.py", &key))
    }),
    refused!("password-in-the-demo", "package-secret", |artifact| {
        let line = "\n# password: q7Vd93kXw0RmTz58LbYh\n";
        artifact.package.append("package/assets/demo/ktx.yaml", line)
    }),
    refused!("token-in-the-program", "package-secret", |artifact| {
        let token = format!("\0ghp_{}\0", "Qw3rTy".repeat(6));
        artifact.package.append(&Artifact::program(), &token)
    }),
    refused!("home-folder-in-the-program", "package-machine", |artifact| {
        artifact
            .package
            .append(&Artifact::program(), "\0/home/ada/ktx/src/main.rs\0")
    }),
    refused!("build-host-in-the-launcher", "package-machine", |artifact| {
        artifact
            .package
            .append(LAUNCHER, &format!("\n// built on {BUILD_HOST}\n"))
    }),
];

/// This machine's program, as the bill names it.
fn program() -> String {
    Artifact::program().replacen("package/", "", 1)
}
