//! What can be wrong with the launcher and the JS API.

use super::{Artifact, Catcher, Sabotage};

const LAUNCHER: &str = "package/dist/bin.js";
const API: &str = "package/dist/index.mjs";

pub const ALL: &[Sabotage] = &[
    Sabotage {
        name: "launcher-missing",
        apply: |artifact| artifact.package.remove(LAUNCHER),
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "launcher-does-not-parse",
        apply: |artifact| {
            artifact.package.bytes(LAUNCHER)?.extend_from_slice(b"\n)");
            Ok(())
        },
        caught_by: Catcher::Scenario("npm-local", "npx-version.exit"),
    },
    Sabotage {
        name: "launcher-loses-the-exit-code",
        apply: |artifact| launcher(artifact, "program.status = 0;"),
        caught_by: Catcher::Scenario("npm-local", "bin-unknown-command.exit"),
    },
    Sabotage {
        name: "launcher-loses-the-arguments",
        apply: |artifact| artifact.package.replace(LAUNCHER, "process.argv.slice(2)", "[]"),
        caught_by: Catcher::Scenario("npm-local", "npx-version.stdout"),
    },
    Sabotage {
        name: "launcher-greets-on-stdout",
        apply: |artifact| launcher(artifact, "console.log('Welcome to ktx!');"),
        caught_by: Catcher::Scenario("npm-local", "npx-version.stdout"),
    },
    Sabotage {
        name: "launcher-complains-on-stderr",
        apply: |artifact| launcher(artifact, "console.error('A new version is available.');"),
        caught_by: Catcher::Scenario("npm-local", "npx-version.stderr"),
    },
    Sabotage {
        name: "launcher-passes-no-signal-on",
        apply: |artifact| {
            artifact
                .package
                .replace(LAUNCHER, "program.kill(signal);", "return;")
        },
        caught_by: Catcher::Scenario("signals", "terminate-install.exit"),
    },
    Sabotage {
        name: "api-missing",
        apply: |artifact| artifact.package.remove(API),
        caught_by: Catcher::Scenario("npm-local", "api.exit"),
    },
    Sabotage {
        name: "api-without-the-function",
        apply: |artifact| {
            artifact
                .package
                .replace(API, "ktxBinaryPath, runKtxCli }", "ktxBinaryPath }")
        },
        caught_by: Catcher::Scenario("npm-local", "api.exit"),
    },
];

/// A launcher that runs the program, does `mischief`, and exits with `program.status`.
fn launcher(artifact: &mut Artifact, mischief: &str) -> std::io::Result<()> {
    let program = Artifact::program().replacen("package/", "../", 1);
    *artifact.package.bytes(LAUNCHER)? = format!(
        "#!/usr/bin/env node\n\
         const path = require('node:path').join(__dirname, '{program}');\n\
         const program = require('node:child_process').spawnSync(path, process.argv.slice(2), {{ stdio: 'inherit' }});\n\
         {mischief}\n\
         process.exit(program.status);\n"
    )
    .into_bytes();
    Ok(())
}
