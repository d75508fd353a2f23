//! The heavy feature: a model that computes embeddings on the user's machine.

use std::time::Duration;

use fs_err as fs;
use serde_json::json;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{Installed, Stage};

/// The variable that opts in.
const VARIABLE: &str = "KTX_RUN_LOCAL_EMBEDDINGS_SMOKE";

pub const SCENARIO: Scenario = Scenario {
    name: "local-embeddings",
    proves: "the feature installs, its daemon answers with 384 finite numbers, and `ktx setup` keeps it in the project",
    set: Set::OptIn(VARIABLE),
    needs: &[
        Need::Program("npm"),
        Need::Program("uv"),
        Need::Program("python3"),
    ],
    run,
};

/// The variable of the product that names another model, or a folder with one.
const MODEL: &str = "KTX_EMBEDDING_MODEL";

const MODEL_CACHES: [&str; 4] = [
    "HF_HOME",
    "TRANSFORMERS_CACHE",
    "SENTENCE_TRANSFORMERS_HOME",
    "TORCH_HOME",
];

/// Several hundred megabytes of wheels, and the model.
const DOWNLOAD: Duration = Duration::from_secs(1800);

/// Proves nothing about the daemon's identity; it only asks, with the token of the state folder.
const ASK: &str = "\
import json, math, pathlib, sys, urllib.request
url, state = sys.argv[1], pathlib.Path(sys.argv[2])
request = urllib.request.Request(
    url + '/embeddings/compute',
    data=json.dumps({'text': 'how many contracts'}).encode(),
    headers={'Content-Type': 'application/json', 'Authorization': 'Bearer ' + (state / 'daemon.token').read_text().strip()},
)
embedding = json.load(urllib.request.urlopen(request, timeout=600))['embedding']
print(json.dumps({'dimensions': len(embedding), 'finite': all(math.isfinite(value) for value in embedding)}))
";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    stage
        .step("version", ktx.ktx("--version"))
        .stdout_is(stage.version_line())
        .check()?;
    stage
        .step("status-missing", ktx.ktx("runtime status --json"))
        .json("/kind", "missing")
        .check()?;
    stage.copy_user_cache()?;
    stage
        .step(
            "install",
            models(stage, &ktx, "runtime install --feature local-embeddings --yes"),
        )
        .stdout_has("features: core, local-embeddings\n")
        .check()?;
    stage
        .step("status-ready", ktx.ktx("runtime status --json"))
        .json("/kind", "ready")
        .json("/manifest/features", json!(["core", "local-embeddings"]))
        .check()?;
    let started = stage
        .step(
            "start",
            models(stage, &ktx, "runtime start --feature local-embeddings"),
        )
        .check()?;
    let url = started.value_of("url: ");
    stage
        .step(
            "embedding",
            Invocation::new("python3")
                .args(["-c", ASK, url, ktx.version_directory().as_str()])
                .deadline_of(DOWNLOAD),
        )
        .json("/dimensions", 384)
        .json("/finite", true)
        .check()?;
    let setup = "setup --new --no-input --yes --skip-databases --skip-sources --embedding-backend sentence-transformers";
    stage
        .step("setup", models(stage, &ktx, setup))
        .stdout_has("Embeddings ready: yes (all-MiniLM-L6-v2)")
        .check()?;
    let settings = fs::read_to_string(ktx.project.join("ktx.yaml"))?;
    stage.ensure(
        "setup.marker",
        settings.contains("managed:local-embeddings"),
        || format!("ktx.yaml does not name the managed daemon:\n{settings}"),
    )?;
    stage.step("stop", ktx.ktx("runtime stop")).check()?;
    Ok(())
}

/// The model's own caches are in the sandbox too. Without access to a hub, the caller names a folder with the model.
fn models(stage: &Stage<'_>, ktx: &Installed<'_>, words: &str) -> Invocation {
    let cache = stage.sandbox.folders().at("models");
    let typed = MODEL_CACHES
        .iter()
        .fold(ktx.ktx(words), |typed, name| typed.with(name, cache.as_str()));
    let typed = match stage.options.machine.environment.get(MODEL) {
        Some(folder) => typed.with(MODEL, folder.as_str()),
        None => typed,
    };
    typed.deadline_of(DOWNLOAD)
}
