//! Prune: shown first, refused without consent, and then only what is ours.

use fs_err as fs;

use crate::failure::Stop;
use crate::stage::{Installed, Stage};

const REFUSAL: &str = "Refusing to prune without --yes. Preview with: ktx runtime prune --dry-run\n";

pub fn preview_refusal_deed(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    let root = stage.sandbox.folders().runtime_root();
    let stale = root.join("0.0.0");
    let foreign = [root.join("notes/diary.txt"), root.join("9.9.9/thesis.txt")];
    fs::create_dir(&stale)?;
    for file in &foreign {
        fs::create_dir(file.parent().unwrap_or(&root))?;
        fs::write(file, "not ours")?;
    }
    stage
        .step("prune-preview", ktx.ktx("runtime prune --dry-run"))
        .stdout_has(format!("Stale KTX Python runtimes\n{stale}\n"))
        .check()?;
    stage.ensure("prune-preview.effect", stale.exists(), || {
        "a preview of prune removed something".to_owned()
    })?;
    stage
        .step("prune-refusal", ktx.ktx("runtime prune"))
        .exits(1)
        .stdout_empty()
        .stderr_is(REFUSAL)
        .check()?;
    stage.ensure("prune-refusal.effect", stale.exists(), || {
        "a refused prune removed something".to_owned()
    })?;
    stage
        .step("prune", ktx.ktx("runtime prune --yes"))
        .stdout_has(format!("Removed stale KTX Python runtimes\n{stale}\n"))
        .check()?;
    stage.ensure("prune.too-little", !stale.exists(), || {
        format!("prune said that it removed `{stale}`, which is there")
    })?;
    stage.ensure("prune.too-much", foreign.iter().all(|file| file.exists()), || {
        "prune removed a folder that is not a runtime".to_owned()
    })?;
    stage
        .step("status-after-prune", ktx.ktx("runtime status --json"))
        .json("/kind", "ready")
        .check()?;
    Ok(())
}
