//! The package as a registry serves it: the nine commands of a user who never saw a tarball.

use std::time::{Duration, Instant};

use crate::failure::Stop;
use crate::proven::proven_bytes;
use crate::sandbox::{Invocation, ProcessOutput};
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;
use crate::step::Step;

pub const SCENARIO: Scenario = Scenario {
    name: "published",
    proves: "npx, a local and a global installation from the registry give the version, the demo and a query",
    set: Set::Named,
    needs: &[
        Need::Registry,
        Need::Program("npm"),
        Need::Program("pnpm"),
        Need::Program("uv"),
    ],
    run,
};

/// What a command may take that downloads the package (contract 6.7).
const DEADLINE: Duration = Duration::from_secs(180);

/// A registry may take a minute to show what it has stored.
const TRIES: u32 = 6;
const BETWEEN_TRIES: Duration = Duration::from_secs(10);

/// How npm and pnpm say that the registry does not know the version (yet).
const LAGGING: [&str; 4] = [
    "ETARGET",
    "No matching version found",
    "ERR_PNPM_NO_MATCHING_VERSION",
    "E404",
];

const DEMO: &str = "demo";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let Some(published) = &stage.options.published else {
        return Ok(());
    };
    let specification = published.specification.as_str();
    let name = specification
        .rsplit_once('@')
        .map_or(specification, |(name, _)| name);
    let demo = stage.sandbox.work().join(DEMO);
    let setup = format!("setup demo --project-dir {demo} --no-input --plain");
    let query = format!(
        "sl query --project-dir {demo} --connection-id orbit_demo --measure contracts.contract_count --format sql --yes"
    );
    let npx = |words: &str| {
        Invocation::new("npx")
            .arg("--yes")
            .arg(specification)
            .words(words)
    };
    let local = stage.project("local")?;
    let global = stage.project("global")?;
    stage.warm_uv_cache()?;

    version(stage, "npx-version", npx("--version"), name)?;
    retried(stage, "setup-demo", npx(&setup), |step| {
        step.stdout_has("Mode: seeded").stderr_empty()
    })?;
    select(stage, "npx-query", npx(&query))?;

    let pnpm = |words: &str| {
        Invocation::new("pnpm")
            .words(words)
            .arg(specification)
            .within(&local)
    };
    retried(stage, "local-install", pnpm("add"), |step| step)?;
    let npx_local = |words: &str| Invocation::new("npx").arg("ktx").words(words).within(&local);
    version(stage, "local-version", npx_local("--version"), name)?;
    select(stage, "local-query", npx_local(&query))?;

    retried(stage, "global-install", pnpm("add --global"), |step| step)?;
    // From its own folder, so that no local installation answers in the global one's place.
    let ktx = |words: &str| Invocation::new("ktx").words(words).within(&global);
    version(stage, "global-version", ktx("--version"), name)?;
    select(stage, "global-query", ktx(&query))?;
    fetch(stage, specification)
}

/// The bytes that all this was about, so that what is promoted can be held against them.
fn fetch(stage: &Stage<'_>, specification: &str) -> Result<(), Stop> {
    let folder = stage.project("served")?;
    let pack = Invocation::new("npm")
        .words("pack --silent")
        .arg(specification)
        .within(&folder);
    let said = retried(stage, "fetch", pack, |step| step)?;
    let bytes = proven_bytes(&folder.join(said.stdout.trim()));
    stage.was_served(bytes.map_err(|error| Stop::failed("fetch.bytes", error.to_string()))?);
    Ok(())
}

fn version(stage: &Stage<'_>, id: &'static str, invocation: Invocation, name: &str) -> Result<(), Stop> {
    let expected = format!("{name} ");
    retried(stage, id, invocation, |step| step.stdout_has(expected.clone())).map(drop)
}

fn select(stage: &Stage<'_>, id: &'static str, invocation: Invocation) -> Result<(), Stop> {
    retried(stage, id, invocation, |step| {
        step.stdout_has("SELECT").stdout_has("contracts")
    })
    .map(drop)
}

/// Runs a step again while the registry lags; any other failure is one at once.
fn retried<'s>(
    stage: &'s Stage<'_>,
    id: &'static str,
    invocation: Invocation,
    expected: impl Fn(Step<'s>) -> Step<'s>,
) -> Result<ProcessOutput, Stop> {
    let invocation = with_registry(stage, invocation).deadline_of(DEADLINE);
    let mut tried = 1;
    loop {
        let result = expected(stage.step(id, invocation.clone())).check();
        match result {
            Err(Stop::Failed(failure))
                if tried < TRIES && LAGGING.iter().any(|sign| failure.shown.contains(sign)) =>
            {
                stage.say(&format!(
                    "npm registry has not exposed the package yet; retrying smoke command ({tried}/{TRIES})"
                ));
                tried += 1;
                pause(stage, BETWEEN_TRIES)?;
            }
            result => return result,
        }
    }
}

fn with_registry(stage: &Stage<'_>, invocation: Invocation) -> Invocation {
    match stage
        .options
        .published
        .as_ref()
        .and_then(|published| published.registry.as_ref())
    {
        Some(registry) => invocation
            .with("npm_config_registry", registry.as_str())
            .with("pnpm_config_registry", registry.as_str()),
        None => invocation,
    }
}

/// Waits, and ends early when the run is interrupted.
fn pause(stage: &Stage<'_>, time: Duration) -> Result<(), Stop> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if (stage.interrupted)() {
            return Err(Stop::Interrupted);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
