//! `cargo xtask smoke`: proves the built tarball by using it, and writes the report that publishing relies on.

mod known_bad;
mod machine;
mod outcome;
mod published;
mod staged;
mod verify;
mod view;
mod wine;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use ktx_manifest::artifact_manifest::{ARTIFACT_MANIFEST_FILE, ArtifactKind, ArtifactManifest};
use ktx_manifest::smoke_report::PackageSource;
use ktx_smoke::proven_bytes;
use ktx_smoke::{
    McpClients, Options, Package, Redaction, SCENARIOS, Scenario, ScenarioResult, Set, SmokeRun,
};

use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Install the built package in a sandbox and use it; write the report that publishing needs
#[derive(Args, Clone, Debug, Default)]
pub struct SmokeArgs {
    /// Run only this scenario (repeatable); writes no report
    #[arg(long, value_name = "NAME")]
    pub scenario: Vec<String>,
    /// List the scenarios and what they prove
    #[arg(long)]
    pub list: bool,
    /// Count a scenario whose needs are not met as failed
    #[arg(long)]
    pub no_skip: bool,
    /// Damage the artifacts in every known way and check that each is caught; with --scenario, only what those catch
    #[arg(long, conflicts_with_all = ["list", "no_skip"])]
    pub known_bad: bool,
    /// Damage the artifacts in this way only (repeatable)
    #[arg(
        long,
        value_name = "NAME",
        requires = "known_bad",
        conflicts_with = "scenario"
    )]
    pub sabotage: Vec<String>,
    /// Artifacts to test, instead of dist/artifacts
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<Utf8PathBuf>,
    /// Test the package as this registry serves it, instead of the artifacts
    #[arg(long, value_name = "URL", conflicts_with_all = ["artifacts", "known_bad"])]
    pub registry: Option<String>,
    /// The package to take from the registry, as NAME@VERSION
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["artifacts", "known_bad"])]
    pub package: Option<String>,
    /// Test what the registry keeps for approval under this name; it must equal the artifacts
    #[arg(long, value_name = "ID", conflicts_with_all = ["registry", "package", "known_bad", "list"])]
    pub staged: Option<String>,
    /// Scenarios side by side [default: 2]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// Clean up after a smoke that was killed
#[derive(Args, Clone, Debug)]
pub struct GuardianArgs {
    folder: Utf8PathBuf,
}

/// The body of the process that a smoke starts to clean up after it.
pub fn keep_watch(arguments: &GuardianArgs) -> Result<()> {
    Ok(ktx_smoke::keep_watch(std::io::stdin().lock(), &arguments.folder)?)
}

pub fn run(arguments: SmokeArgs, session: &Session<'_>) -> Result<()> {
    let selection = selection(&arguments)?;
    if arguments.list {
        return outcome::list(session, SCENARIOS);
    }
    let artifacts = match &arguments.artifacts {
        Some(folder) => folder.clone(),
        None => session.dist()?.join("artifacts"),
    };
    let reports = artifacts.parent().unwrap_or(&artifacts).join("reports");
    if selection.iter().any(|scenario| scenario.name == PUBLISHED) {
        return prove_published(&arguments, session, &selection, &reports);
    }
    if let Some(id) = &arguments.staged {
        return staged::prove(session, id, &arguments, package(&artifacts)?, &selection);
    }
    let mut options = options(session, package(&artifacts)?, &arguments)?;
    let has_windows = |scenario: &&Scenario| scenario.name == WINDOWS && scenario.can_be_played(&options);
    if selection.iter().copied().any(|scenario| has_windows(&scenario)) {
        options.wine_libraries = Some(wine::libraries(session)?);
    }
    if arguments.known_bad {
        let selected = (!arguments.scenario.is_empty()).then_some(selection.as_slice());
        let sabotages = known_bad::selection(&arguments.sabotage, selected)?;
        return known_bad::run(session, &options, &artifacts, sabotages);
    }
    let whole = arguments.scenario.is_empty();
    let selection: Vec<_> = selection
        .into_iter()
        .filter(|scenario| !whole || scenario.has_subject(&options))
        .collect();
    let outcome = play(session, &options, &selection)?;
    let written = if whole {
        let source = PackageSource::Artifacts {};
        let bytes = proven_bytes(&options.package.tarball)?;
        Some(outcome::write(
            session, &options, &outcome, source, bytes, &reports,
        )?)
    } else {
        None
    };
    outcome::judge(session, &outcome, written.as_deref(), arguments.no_skip)
}

/// The scenario that runs the program for Windows.
const WINDOWS: &str = "windows";

/// The scenario that needs no artifacts: everything comes from the registry.
const PUBLISHED: &str = "published";

fn prove_published(
    arguments: &SmokeArgs,
    session: &Session<'_>,
    selection: &[&'static Scenario],
    reports: &Utf8Path,
) -> Result<()> {
    let flags = published::Flags {
        registry: arguments.registry.clone(),
        package: arguments.package.clone(),
    };
    let published = published::resolve(session, &flags, &machine::environment())?;
    let nothing = Package {
        tarball: Utf8PathBuf::new(),
        name: String::new(),
        version: String::new(),
    };
    let mut options = options(session, nothing, arguments)?;
    options.published = Some(published.clone());
    let outcome = play(session, &options, selection)?;
    let proven = outcome.played.iter().find_map(|played| {
        let passed = matches!(played.verdict, ScenarioResult::Passed);
        played.served.clone().filter(|_| passed)
    });
    let written = match proven {
        Some(bytes) => {
            let source = PackageSource::Registry {
                url: published::registry_in_force(&published, &options.machine.npm_settings),
                package: published.specification.clone(),
            };
            Some(outcome::write(
                session, &options, &outcome, source, bytes, reports,
            )?)
        }
        None => None,
    };
    outcome::judge(session, &outcome, written.as_deref(), true)?;
    session
        .printer
        .talk("published package invocation smoke verified");
    Ok(())
}

fn play(session: &Session<'_>, options: &Options, selection: &[&'static Scenario]) -> Result<SmokeRun> {
    let view = view::View::new(session.printer, selection.len());
    let outcome = ktx_smoke::run(options, selection, &view, &|| interrupt::received().is_some());
    view.close();
    interrupt::check()?;
    let outcome = outcome.map_err(|error| {
        Failure::new(Exit::Failed, error.to_string())
            .hint("a run takes up to 1 GB of the temporary folder; TMPDIR names another")
    })?;
    Ok(outcome)
}

/// The scenarios to run: those named, or the standard set with those that the environment opted into.
fn selection(arguments: &SmokeArgs) -> Result<Vec<&'static Scenario>> {
    let opted_in = machine::opted_in();
    let asked_for =
        |scenario: &Scenario| matches!(scenario.set, Set::OptIn(variable) if opted_in.contains(variable));
    if arguments.registry.is_some() || arguments.package.is_some() {
        if let Some(other) = arguments.scenario.iter().find(|name| *name != PUBLISHED) {
            return Err(Failure::new(
                Exit::Usage,
                format!("failed to play `{other}` from a registry: it needs the artifacts"),
            )
            .hint("omit --registry and --package, or run `published`")
            .into());
        }
        return Ok(SCENARIOS
            .iter()
            .filter(|scenario| scenario.name == PUBLISHED)
            .collect());
    }
    if arguments.scenario.is_empty() {
        let standard = SCENARIOS
            .iter()
            .filter(|scenario| scenario.set.is_standard() || asked_for(scenario));
        return Ok(standard.collect());
    }
    arguments
        .scenario
        .iter()
        .map(|name| {
            SCENARIOS
                .iter()
                .find(|scenario| scenario.name == name)
                .ok_or_else(|| {
                    let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
                    Failure::new(Exit::Usage, format!("failed to find the scenario `{name}`"))
                        .hint(format!("the scenarios are {}", names.join(", ")))
                        .into()
                })
        })
        .collect()
}

fn options(session: &Session<'_>, package: Package, arguments: &SmokeArgs) -> Result<Options> {
    let home = machine::home();
    let environment = machine::environment();
    let mut redaction = Redaction::of_environment(&environment);
    if let Some(home) = &home {
        redaction = redaction.place(home.as_str(), "[HOME]");
    }
    Ok(Options {
        package,
        folder: machine::temporary_folder()?,
        warm_cache: session.root()?.join("target/smoke"),
        user_cache: machine::uv_cache(home.as_deref(), &environment),
        belongings: machine::belongings(home.as_deref(), &environment),
        redaction,
        jobs: arguments.jobs.unwrap_or(2),
        guardian: machine::guardian()?,
        mcp: Some(McpClients {
            python: tools::provide(session, ToolSet::Mcp)?.program("python"),
            node: tools::provide(session, ToolSet::McpNode)?.folder().to_owned(),
        }),
        published: None,
        toolchain: Some(machine::toolchain(session)?),
        wine_libraries: None,
        machine: machine::machine(session, environment)?,
    })
}

/// The tarball that the artifact manifest names.
fn package(artifacts: &Utf8Path) -> Result<Package> {
    let path = artifacts.join(ARTIFACT_MANIFEST_FILE);
    let missing = |cause: String| {
        Failure::new(Exit::Prerequisite, format!("failed to read `{path}`: {cause}"))
            .hint("build the artifacts first: cargo xtask build")
    };
    let text = fs_err::read(&path).map_err(|error| missing(error.to_string()))?;
    let manifest: ArtifactManifest =
        serde_json::from_slice(&text).map_err(|error| missing(error.to_string()))?;
    let tarball = manifest
        .file(ArtifactKind::Tarball)
        .ok_or_else(|| missing("it names no tarball".to_owned()))?;
    let path = Utf8PathBuf::try_from(tarball.path.under(artifacts.as_std_path()))?;
    Ok(Package {
        tarball: std::path::absolute(&path)
            .ok()
            .and_then(|path| path.try_into().ok())
            .unwrap_or(path),
        name: tarball.package_name.clone(),
        version: tarball.package_version.clone(),
    })
}
