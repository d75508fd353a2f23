//! From one version to the next while the old daemon runs, and back again.

use fs_err as fs;

use crate::failure::Stop;
use crate::package_tree::{PackageTree, earlier_version};
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{Installed, Stage};

pub const SCENARIO: Scenario = Scenario {
    name: "upgrade",
    proves: "a new version brings its runtime and daemon beside the old ones, prunes the old, and a downgrade works",
    set: Set::StandardOn(&["linux", "macos"]),
    needs: &[Need::Program("npm"), Need::Program("uv")],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let version = &stage.package().version;
    let Some(earlier) = earlier_version(version) else {
        return stage.ensure("earlier-version", false, || {
            format!("{version} has no earlier version of the same length")
        });
    };
    let tarball = stage.sandbox.folders().at(&format!("kaelio-ktx-{earlier}.tgz"));
    let mut package = PackageTree::read(&stage.package().tarball)?;
    package.stamp(&earlier)?;
    fs::write(&tarball, package.pack()?)?;

    let old = stage.installed_from("old", &tarball)?;
    ready_and_running(stage, &old, &earlier, ["old-version", "old-install", "old-start"])?;

    // The same project: npm replaces the package under a running daemon.
    let new = stage.installed_from("old", &stage.package().tarball)?;
    stage
        .step("new-status", new.ktx("runtime status --json"))
        .json("/kind", "missing")
        .stderr_empty()
        .check()?;
    ready_and_running(stage, &new, version, ["new-version", "new-install", "new-start"])?;
    let daemons = daemons(stage);
    stage.ensure("new-start.beside", daemons == 2, || {
        format!("two daemons should run side by side, not {daemons}")
    })?;

    prune_under_both(stage, &new, &earlier)?;

    // The way back, to a version whose runtime is gone.
    let back = stage.installed_from("old", &tarball)?;
    ready_and_running(
        stage,
        &back,
        &earlier,
        ["back-version", "back-install", "back-start"],
    )?;
    stage
        .step("stop-all", back.ktx("runtime stop --all"))
        .stderr_empty()
        .check()?;
    let left = self::daemons(stage);
    stage.ensure("stop-all.process", left == 0, || {
        format!("{left} daemons still run after `stop --all`")
    })?;
    let again = stage.installed_from("old", &stage.package().tarball)?;
    stage
        .step("again-status", again.ktx("runtime status --json"))
        .json("/kind", "ready")
        .stderr_empty()
        .check()?;
    Ok(())
}

/// While both daemons run: prune names the old version, and takes its daemon with it and no other.
fn prune_under_both(stage: &Stage<'_>, new: &Installed<'_>, earlier: &str) -> Result<(), Stop> {
    let stale = stage.sandbox.folders().runtime_root().join(earlier);
    stage
        .step("prune-preview", new.ktx("runtime prune --dry-run"))
        .stdout_has(format!("Stale KTX Python runtimes\n{stale}\n"))
        .check()?;
    stage.ensure("prune-preview.effect", daemons(stage) == 2, || {
        "a preview of prune stopped a daemon".to_owned()
    })?;
    stage
        .step("prune", new.ktx("runtime prune --yes"))
        .stdout_has(format!("Removed stale KTX Python runtimes\n{stale}\n"))
        .check()?;
    let left = daemons(stage);
    stage.ensure("prune.daemon", left == 1 && !stale.exists(), || {
        format!(
            "prune left {left} daemons instead of one, and the old runtime is there: {}",
            stale.exists()
        )
    })?;
    stage
        .step("prune-spares", new.ktx("runtime start"))
        .stdout_has("Using existing KTX Python daemon\n")
        .check()?;
    Ok(())
}

/// Installs the runtime of an installed version and starts its daemon.
pub fn ready_and_running(
    stage: &Stage<'_>,
    ktx: &Installed<'_>,
    version: &str,
    [said, installed, started]: [&'static str; 3],
) -> Result<(), Stop> {
    stage
        .step(said, ktx.ktx("--version"))
        .stdout_is(format!("{} {version}\n", stage.package().name))
        .check()?;
    if !stage.sandbox.folders().uv_cache().exists() {
        stage.warm_uv_cache()?;
    }
    stage
        .step(installed, ktx.ktx("runtime install --yes"))
        .stdout_has(format!("\nversion: {version}\n"))
        .stderr_empty()
        .check()?;
    stage
        .step(started, ktx.ktx("runtime start"))
        .stdout_has("Started KTX Python daemon\n")
        .stdout_has(format!("\nversion: {version}\n"))
        .stderr_empty()
        .check()?;
    Ok(())
}

/// How many daemons run.
pub fn daemons(stage: &Stage<'_>) -> usize {
    let members = stage.sandbox.family().members();
    members
        .iter()
        .filter(|member| member.command_line.contains("serve-http"))
        .count()
}
