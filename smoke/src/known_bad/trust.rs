//! What would make the package lie about what is in it, or tell what nobody should know.

use ktx_manifest::sbom::{Component, ComponentKind};
use ktx_manifest::{Platform, Sha256Digest};

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
    refused!("bill-of-another-commit", "sbom-commit", |artifact| {
        artifact.claim_commit(&"0".repeat(40));
        Ok(())
    }),
    refused!("bill-written-by-another-tool", "sbom-unreadable", |artifact| {
        // The same content, written in another way.
        artifact.package.damage_bill(|_| {})?;
        artifact.package.append(SBOM, "\n")
    }),
    refused!("bill-with-another-standard-library", "sbom-crates", |artifact| {
        let program = program();
        artifact.package.damage_bill(|sbom| {
            let mut dependencies = sbom.dependencies.iter_mut();
            let own = dependencies.find(|dependency| dependency.reference == program);
            for part in own.into_iter().flat_map(|own| &mut own.depends_on) {
                if part.starts_with("pkg:generic/rust-std@") {
                    *part = "pkg:generic/rust-std@1.0.0".to_owned();
                }
            }
        })
    }),
    refused!(
        "program-without-its-list-of-crates",
        "program-crates",
        |artifact| {
            // As a linker leaves it that drops the section.
            let own = Artifact::program();
            let other = Platform::ALL.map(|platform| format!("package/{}", platform.program_path()));
            let other = other.into_iter().find(|path| *path != own).unwrap_or_default();
            let program = artifact.package.bytes(&own)?.clone();
            artifact.package.add(&other, program, 0o755)?;
            artifact
                .package
                .replace_bytes(&other, b"\0.dep-v0\0", b"\0.gone-0\0")
        }
    ),
    refused!("wheel-with-a-bill-of-other-locks", "wheel-sbom", |artifact| {
        let lock = artifact.package.bytes(&format!("package/{LOCK}"))?;
        let [digest, other] = [Sha256Digest::of(lock), Sha256Digest::of("another lock")];
        artifact.package.wheel(|wheel| {
            let bill = wheel.path_ending(".dist-info/sboms/kaelio_ktx.cdx.json")?;
            wheel.replace(&bill, &digest.to_string(), &other.to_string())
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
    refused!("build-host-in-the-wheel", "package-machine", |artifact| artifact
        .package
        .wheel(|wheel| {
            wheel.append("ktx_daemon/__main__.py", &format!("\n# built on {BUILD_HOST}\n"))
        })),
    refused!("home-folder-in-the-bill", "package-machine", |artifact| {
        artifact.package.damage_bill(|sbom| {
            sbom.metadata.component.description = Some("built in /home/ada/ktx".to_owned());
        })
    }),
    refused!("token-in-the-notices", "package-secret", |artifact| {
        let token = format!("\nghp_{}\n", "Qw3rTy".repeat(6));
        artifact.package.append(NOTICES, &token)
    }),
];

/// This machine's program, as the bill names it.
fn program() -> String {
    Artifact::program().replacen("package/", "", 1)
}
