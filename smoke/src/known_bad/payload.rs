//! What can be wrong with the Python side: wheel, locks, asset manifest, daemon.

use serde_json::json;

use super::{Artifact, Catcher, Sabotage};

const INSTALL_FAILS: Catcher = Catcher::Scenario("runtime-lifecycle", "query-installs.exit");
const START_FAILS: Catcher = Catcher::Scenario("runtime-lifecycle", "start.exit");
const DAEMON_MAIN: &str = "ktx_daemon/__main__.py";

pub const ALL: &[Sabotage] = &[
    Sabotage {
        name: "nothing-wrong-with-the-assets",
        apply: |artifact| {
            artifact.package.wheel(|_| Ok(()))?;
            artifact.package.requirements(|text| text)
        },
        caught_by: Catcher::Nobody("runtime-lifecycle"),
    },
    Sabotage {
        name: "wheel-missing",
        apply: |artifact| artifact.package.remove(&artifact.package.wheel_path()?),
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "wheel-with-one-byte-changed",
        apply: |artifact| {
            let bytes = artifact.package.bytes(&artifact.package.wheel_path()?)?;
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            Ok(())
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "wheel-with-a-lying-record",
        apply: |artifact| {
            artifact.package.wheel(|wheel| {
                wheel.honest_record = false;
                wheel.append(DAEMON_MAIN, "# not what RECORD says\n")
            })
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "wheel-with-a-start-up-hook",
        apply: |artifact| {
            artifact.package.wheel(|wheel| {
                wheel.add("hook.pth", "import os\n");
                Ok(())
            })
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "asset-manifest-missing",
        apply: |artifact| artifact.package.remove("package/assets/python/manifest.json"),
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "asset-manifest-of-another-wheel",
        apply: |artifact| {
            artifact
                .package
                .asset_manifest(|manifest| manifest["wheel"]["sha256"] = json!("0".repeat(64)))
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "asset-manifest-that-leads-outside",
        apply: |artifact| {
            artifact
                .package
                .asset_manifest(|manifest| manifest["wheel"]["file"] = json!("../../wheel.whl"))
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "asset-manifest-with-another-schema",
        apply: |artifact| {
            artifact
                .package
                .asset_manifest(|manifest| manifest["schemaVersion"] = json!(2))
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "python-that-does-not-exist",
        apply: |artifact| {
            artifact
                .package
                .asset_manifest(|manifest| manifest["requiresPython"] = json!(">=4.7"))
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "lock-missing",
        apply: |artifact| artifact.package.remove("package/assets/python/core.txt"),
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "lock-edited-after-stamping",
        apply: |artifact| {
            artifact
                .package
                .bytes("package/assets/python/core.txt")?
                .extend_from_slice(b"# edited\n");
            Ok(())
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "lock-without-hashes",
        apply: |artifact| {
            artifact.package.requirements(|text| {
                let lines = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("--hash"));
                lines
                    .map(|line| line.trim_end_matches(" \\"))
                    .collect::<Vec<_>>()
                    .join("\n")
                    + "\n"
            })
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "lock-that-lacks-a-dependency",
        apply: |artifact| {
            artifact.package.requirements(|text| {
                let blocks = text.split("\nstarlette==");
                let (before, after) = blocks.map(str::to_owned).fold(
                    (None, String::new()),
                    |(first, rest), part| match first {
                        None => (Some(part), rest),
                        Some(first) => {
                            let next = part.find("\n\n").or_else(|| next_requirement(&part));
                            (
                                Some(first),
                                next.map_or(String::new(), |at| part[at..].to_owned()),
                            )
                        }
                    },
                );
                before.unwrap_or_default() + &after
            })
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "package-gone-from-the-wheel",
        apply: |artifact| artifact.package.wheel(|wheel| wheel.remove("semantic_layer/")),
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "console-script-gone",
        apply: |artifact| {
            artifact.package.wheel(|wheel| {
                let path = wheel.path_ending("/entry_points.txt")?;
                wheel.remove(&path)
            })
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "module-that-does-not-import",
        apply: |artifact| {
            artifact
                .package
                .wheel(|wheel| wheel.append("semantic_layer/__init__.py", "\nimport no_such_module\n"))
        },
        caught_by: INSTALL_FAILS,
    },
    Sabotage {
        name: "daemon-exits-at-once",
        apply: |artifact| daemon(artifact, "raise SystemExit(3)"),
        caught_by: START_FAILS,
    },
    Sabotage {
        name: "daemon-never-gets-healthy",
        apply: |artifact| daemon(artifact, "import time; time.sleep(600)"),
        caught_by: START_FAILS,
    },
    Sabotage {
        name: "daemon-of-another-version",
        apply: |artifact| daemon(artifact, "import os; os.environ['KTX_DAEMON_VERSION'] = '9.9.9'"),
        caught_by: START_FAILS,
    },
    Sabotage {
        name: "daemon-does-not-leave",
        apply: |artifact| {
            let stubborn = "import atexit, signal, time; atexit.register(time.sleep, 60); \
                            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])";
            daemon(artifact, stubborn)
        },
        caught_by: Catcher::Scenario("runtime-lifecycle", "stop.time"),
    },
];

/// The first line that names a requirement: it begins in the first column, and no comment does.
fn next_requirement(text: &str) -> Option<usize> {
    text.match_indices('\n')
        .map(|(at, _)| at)
        .find(|at| text[at + 1..].starts_with(|first: char| first.is_ascii_alphanumeric()))
}

/// Does something before the daemon does anything.
fn daemon(artifact: &mut Artifact, mischief: &str) -> std::io::Result<()> {
    artifact.package.wheel(|wheel| {
        wheel.replace(
            DAEMON_MAIN,
            "if __name__",
            &format!("if sys.argv[1:2] == [\"serve-http\"]:\n    {mischief}\n\nif __name__"),
        )
    })
}
