//! `cargo xtask diff`: the package to be released, compared with the last one in the registry.

mod uploads;

use std::io::Write;

use anyhow::{Context, Result};
use camino::Utf8Path;
use clap::Args;
use fs_err as fs;
use ktx_announce::against_registry;
use ktx_inspect::Comparison;
use ktx_policy::guard::Released;
use ktx_publish::PublishError;
use ktx_publish::artifacts::{COMPARISON_FILE, Location, Survey, sizes, survey};
use ktx_publish::npm::Npm;
use ktx_publish::receipt::ReceiptBook;
use ktx_publish::registry::{self, Known};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::releasing::{self, PlaceArgs, SessionDesk};
use crate::session::Session;

/// Compare the package to be released with the last one in the registry
#[derive(Args, Default)]
pub struct DiffArgs {
    /// The version or dist-tag to compare with [default: the highest version below]
    #[arg(long, value_name = "VERSION|TAG")]
    against: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Serialize)]
struct DiffDocument<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison,
    #[serde(rename = "overBudget")]
    over_budget: &'a [String],
}

pub fn run(arguments: DiffArgs, session: &Session<'_>) -> Result<()> {
    let location = releasing::location(session, arguments.place.artifacts.as_ref())?;
    let sources = releasing::source_facts(session, arguments.place.artifacts.as_ref(), None)?;
    let found = survey(&location, &sources).map_err(|error| releasing::failure(session, error))?;
    let released = Released {
        git_tags: releasing::git_tags(session)?,
        ..Released::default()
    };
    let comparison = compared(&arguments, session, &found, &location, released, &sources.version)
        .map_err(|error| releasing::failure(session, error))?;
    let over_budget = over_budget(&found, &comparison);
    // A comparison with a version of one's choice is for looking at; the gate wants the last version.
    if arguments.against.is_none() {
        write(&location.reports, &comparison)?;
    }
    session.printer.document(&DiffDocument {
        comparison: &comparison,
        over_budget: &over_budget,
    })?;
    for line in comparison.lines() {
        session.printer.data(&line);
    }
    if over_budget.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, over_budget.join("; "))
        .hint("make it smaller, or raise budgets in release-policy.json")
        .into())
}

fn compared(
    arguments: &DiffArgs,
    session: &Session<'_>,
    found: &Survey,
    location: &Location,
    released: Released,
    version: &ktx_policy::ReleaseVersion,
) -> std::result::Result<Comparison, PublishError> {
    let Some(tarball) = &found.tarball else {
        return Err(PublishError::Prerequisite {
            message: "there are no verified artifacts to compare".to_owned(),
            hint: "cargo xtask build".to_owned(),
        });
    };
    let environment = releasing::environment();
    let npm = Npm::new(&environment)?;
    let asked =
        releasing::registry(arguments.place.registry.as_deref()).map_err(|error| PublishError::Usage {
            message: error.to_string(),
            hint: "name scheme and host, and leave credentials to npm's configuration".to_owned(),
        })?;
    let registry = registry::chosen(
        &found.policy,
        asked.as_ref(),
        &environment,
        &npm,
        &SessionDesk(session),
    )?;
    let desk = SessionDesk(session);
    // A lone answer that there is nothing to compare with would open the gate of the budgets.
    let known = Known {
        receipts: ReceiptBook::in_folder(&location.reports).served(registry.url(), &desk),
        released,
    };
    let asked = arguments.against.as_deref();
    let mut comparison = against_registry(tarball, version, &registry, &known, asked)?;
    if let Some(changes) = &mut comparison.changes {
        uploads::add(session, changes);
    }
    Ok(comparison)
}

fn over_budget(found: &Survey, comparison: &Comparison) -> Vec<String> {
    let sides = comparison.against.as_ref().zip(found.policy.budgets);
    sides
        .map(|(against, budgets)| budgets.exceeded(&sizes(against), &sizes(&comparison.candidate)))
        .unwrap_or_default()
}

fn write(reports: &std::path::Path, comparison: &Comparison) -> Result<()> {
    let reports = Utf8Path::from_path(reports).context("failed to name the folder of the reports")?;
    fs::create_dir_all(reports)?;
    let mut file = tempfile::NamedTempFile::new_in(reports)?;
    file.write_all(ktx_manifest::json_text(comparison).as_bytes())?;
    let path = reports.join(COMPARISON_FILE);
    file.persist(&path)
        .with_context(|| format!("failed to write `{path}`"))?;
    Ok(())
}
