//! `npm install <tarball>` in a clean project, then the program and the API as a project uses them.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "npm-local",
    proves: "npm installs the tarball into a clean project; its program and its API answer",
    set: Set::Standard,
    needs: &[Need::Program("npm")],
    run,
};

const USE_THE_API: &str = r#"
import { getKtxCliPackageInfo, ktxBinaryPath, runKtxCli } from "@kaelio/ktx";
import { existsSync } from "node:fs";
import { Writable } from "node:stream";

let said = "";
const stdout = new Writable({ write(chunk, _encoding, done) { said += chunk; done(); } });
const exitCode = await runKtxCli(["--version"], { stdout });
console.log(JSON.stringify({ ...getKtxCliPackageInfo(), exitCode, said, binary: existsSync(ktxBinaryPath()) }));
"#;

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    let version = &stage.package().version;
    let version_line = stage.version_line();
    stage
        .step(
            "npx-version",
            Invocation::new("npx").words("ktx --version").within(&ktx.project),
        )
        .stdout_is(&version_line)
        .stderr_empty()
        .check()?;
    stage
        .step("bin-version", ktx.ktx("--version"))
        .stdout_is(&version_line)
        .stderr_empty()
        .check()?;
    stage
        .step("bin-unknown-command", ktx.ktx("no-such-command"))
        .exits(2)
        .stdout_empty()
        .check()?;
    if cfg!(target_os = "linux") {
        stage
            .step(
                "full-disk",
                Invocation::new("sh")
                    .args(["-c", "exec \"$0\" --version > /dev/full"])
                    .args(ktx.ktx("").argv())
                    .within(&ktx.project),
            )
            .exits(1)
            .stderr_has("failed to write to stdout: No space left on device")
            .check()?;
    }
    stage
        .step(
            "api",
            Invocation::new("node")
                .words("--input-type=module")
                .within(&ktx.project)
                .reading(USE_THE_API),
        )
        .json("/name", stage.package().name.as_str())
        .json("/version", version.as_str())
        .json("/exitCode", 0)
        .json("/said", version_line.as_str())
        .json("/binary", true)
        .stderr_empty()
        .check()?;
    stage
        .step(
            "npm-ls",
            Invocation::new("npm")
                .words("ls --all --json")
                .within(&ktx.project),
        )
        .json("/dependencies/@kaelio~1ktx/version", version.as_str())
        .stdout_lacks("problems")
        .check()?;
    Ok(())
}
