//! The runtime out of one file: on a machine that has never had a network, without uv, with an empty cache.

use std::time::Duration;

use fs_err as fs;
use serde_json::json;

use crate::bare::BarePath;
use crate::failure::Stop;
use crate::sandbox::NoNetwork;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "bundle",
    proves: "a runtime bundle installs without a network, without uv and with an empty cache",
    set: Set::StandardOn(&["linux"]),
    needs: &[
        Need::Program("npm"),
        Need::Program("python3"),
        Need::NetworkNamespace,
    ],
    run,
};

/// uv and the core wheels are about 50 MB to download.
const DOWNLOAD: Duration = Duration::from_secs(300);

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    let bare = BarePath::with_node(stage)?;
    let python = bare.add_python(stage)?;
    let bundle = stage.sandbox.work().join("ktx-runtime.bundle");
    let create = format!("runtime bundle create --output {bundle} --python {python}");
    stage
        .step("create", ktx.ktx(&create).deadline_of(DOWNLOAD))
        .stdout_has("Created KTX Python runtime bundle\n")
        .stdout_has(format!("\nversion: {}\n", stage.package().version))
        .stderr_empty()
        .check()?;
    let nowhere = NoNetwork::enter(stage.sandbox)?;
    // Not the cache that `create` has used.
    let cache = stage.sandbox.work().join("another-cache");
    let offline = |words: &str| {
        let command = bare.around(ktx.ktx(words)).with("UV_CACHE_DIR", cache.as_str());
        nowhere.around(command)
    };
    let install = format!("runtime install --from {bundle}");
    stage
        .step("verify", offline(&format!("runtime bundle verify {bundle}")))
        .stdout_has("Verified KTX Python runtime bundle\n")
        .stderr_empty()
        .check()?;
    let damaged = stage.sandbox.work().join("damaged.bundle");
    let mut bytes = fs::read(&bundle)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&damaged, bytes)?;
    stage
        .step(
            "verify-damaged",
            offline(&format!("runtime bundle verify {damaged}")),
        )
        .exits(1)
        .stdout_empty()
        .stderr_has(format!("`{damaged}`"))
        .check()?;
    stage
        .step(
            "install-damaged",
            offline(&format!("runtime install --from {damaged}")),
        )
        .exits(1)
        .stdout_empty()
        .check()?;
    stage
        .step(
            "install-package",
            offline(&format!("runtime install --from {}", stage.package().tarball)),
        )
        .exits(1)
        .stderr_has("it is an npm package, not a runtime bundle\n")
        .check()?;
    stage
        .step("install", offline(&install))
        .stdout_has("Installed KTX Python runtime\n")
        .stderr_empty()
        .check()?;
    stage
        .step("install-again", offline(&install))
        .stdout_has("Using existing KTX Python runtime\n")
        .stderr_empty()
        .check()?;
    stage
        .step(
            "query",
            offline("sl query --measure orders.order_count --execute --max-rows 9 --no-input"),
        )
        .json("/rows", json!([[3]]))
        .stderr_empty()
        .check()?;
    stage.ensure("install.cache", !cache.exists(), || {
        format!("installing from a bundle wrote into the user's cache `{cache}`")
    })?;
    stage
        .step("doctor", offline("runtime doctor"))
        .stdout_has("PASS uv: ")
        .stdout_has("Installed files: as recorded\n")
        .check()?;
    nowhere.leave(stage.sandbox);
    Ok(())
}
