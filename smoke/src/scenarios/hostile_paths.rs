//! Places that break careless programs: odd names, a read-only package, a strict umask, no home.

use camino::Utf8Path;
use serde_json::Value;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "hostile-paths",
    proves: "blanks, `#`, `;` and unicode in paths, a read-only package, umask 077 and no HOME change nothing",
    set: Set::StandardOn(&["linux", "macos"]),
    needs: warehouse::NEEDS,
    run,
};

/// Each of these characters has a meaning in a shell, a URL or a requirements file.
const ODD: &str = "a b #1; ünï %20 'quoted' \u{65e5}\u{672c}";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed_in(ODD)?;
    let root = stage.sandbox.folders().at("data").join(ODD).join("runtime");
    stage.warm_uv_cache()?;
    read_only(&ktx.package)?;
    warehouse::write(stage, &ktx.project)?;
    let odd = |words: &str| ktx.ktx(words).with("KTX_RUNTIME_ROOT", root.as_str());
    stage
        .step(
            "install",
            under_a_strict_umask(odd("runtime install --yes")).deadline_of(INSTALL_DEADLINE),
        )
        .stdout_has("Installed KTX Python runtime\n")
        .stderr_empty()
        .check()?;
    stage
        .step("status", odd("runtime status --json"))
        .json("/kind", "ready")
        .json("/layout/runtimeRoot", root.as_str())
        .stderr_empty()
        .check()?;
    stage
        .step(
            "query",
            odd("sl query --measure orders.order_count --execute --max-rows 9 --no-input"),
        )
        .json("/rows", serde_json::json!([[3]]))
        .stderr_empty()
        .check()?;
    stage
        .step("start", under_a_strict_umask(odd("runtime start")))
        .stdout_has("Started KTX Python daemon\n")
        .stderr_empty()
        .check()?;
    stage
        .step("stop", odd("runtime stop"))
        .stdout_has("Stopped KTX Python daemon\n")
        .check()?;
    without_a_home(stage, &ktx, &root)
}

/// A runtime root that is named needs no home; without one the account's home is taken, as other programs do. The
/// user's own runtime may be there, so this only looks.
fn without_a_home(stage: &Stage<'_>, ktx: &Installed<'_>, root: &Utf8Path) -> Result<(), Stop> {
    let status = || {
        ktx.ktx("runtime status --json")
            .without("HOME")
            .without("XDG_DATA_HOME")
    };
    stage
        .step(
            "status-without-home",
            status().with("KTX_RUNTIME_ROOT", root.as_str()),
        )
        .json("/kind", "ready")
        .stderr_empty()
        .check()?;
    let said = stage
        .step("status-without-anything", status().without("KTX_RUNTIME_ROOT"))
        .stderr_empty()
        .check()?;
    let found: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    let found = found["layout"]["runtimeRoot"].as_str().unwrap_or_default();
    stage.ensure(
        "status-without-anything.root",
        found.starts_with('/') && found.ends_with("/kaelio/ktx/runtime"),
        || format!("without HOME the runtime root is {found:?}, which is not below a home folder"),
    )
}

fn under_a_strict_umask(invocation: Invocation) -> Invocation {
    invocation.wrapped("sh", &["-c", "umask 077; exec \"$0\" \"$@\""])
}

#[cfg(unix)]
fn read_only(folder: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            read_only(entry.path())?;
        }
    }
    fs_err::set_permissions(folder, std::fs::Permissions::from_mode(0o555))
}

#[cfg(not(unix))]
fn read_only(_folder: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
