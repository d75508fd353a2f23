//! `cargo xtask publish`: the plan, and with `--execute` the deed.

use anyhow::Result;
use clap::Args;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{FirstLatest, Plan, Work};
use ktx_publish::npm::Staging;
use ktx_publish::publication::{self, Patience, PublishOptions, PublishPlan, PublishReport, PublishResult};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::releasing::{self, Place, SessionDesk};
use crate::session::Session;

/// Publish to a registry; shows the plan unless --execute is given
#[derive(Args)]
pub struct PublishArgs {
    /// The dist-tag to publish under: next, latest or branch-<name>
    #[arg(long)]
    tag: String,
    /// Act; without it only the plan is shown
    #[arg(long)]
    execute: bool,
    /// Leave the package with the registry for a person to approve
    #[arg(long)]
    stage: bool,
    #[command(flatten)]
    place: Place,
    /// Let the first version of the package become latest although it is a prerelease
    #[arg(long)]
    accept_first_latest: bool,
    /// Let a version without provenance follow one with it
    #[arg(long)]
    accept_trust_downgrade: bool,
}

pub fn run(arguments: PublishArgs, session: &Session<'_>) -> Result<()> {
    let desk = SessionDesk(session);
    let options = options(&arguments, session)?;
    let environment = releasing::environment();
    let plan = publication::plan(&options, &environment, &desk)
        .map_err(|error| releasing::failure(session, error))?;
    print(session, &plan);
    if !arguments.execute {
        session.printer.document(&Document::of(&plan, None))?;
        end_dry_run(session, &plan);
        return Ok(());
    }
    let report = plan
        .execute(&desk)
        .map_err(|error| releasing::failure(session, error))?;
    session.printer.document(&Document::of(&plan, Some(&report)))?;
    tell(session, &report)
}

fn options(arguments: &PublishArgs, session: &Session<'_>) -> Result<PublishOptions> {
    Ok(PublishOptions {
        location: releasing::location(session, arguments.place.artifacts.as_ref())?,
        built: releasing::built(session, arguments.place.artifacts.as_ref())?,
        tag: arguments.tag.clone(),
        registry: releasing::registry(arguments.place.registry.as_deref())?,
        first_latest: match arguments.accept_first_latest {
            true => FirstLatest::Accepted,
            false => FirstLatest::Refused,
        },
        trust_downgrade: releasing::trust_downgrade(arguments.accept_trust_downgrade),
        staging: if arguments.stage {
            Staging::Staged
        } else {
            Staging::Direct
        },
        patience: Patience::default(),
    })
}

fn print(session: &Session<'_>, plan: &PublishPlan) {
    let guard = plan.guard();
    let printer = session.printer;
    printer.data(&format!(
        "publish @kaelio/ktx@{} under {} to {}",
        guard.version,
        guard.tag,
        plan.registry()
    ));
    printer.data(&format!("integrity: {}", plan.integrity()));
    printer.data(&format!("command: {}", plan.command()));
    releasing::print_plan(session, guard);
    for unchecked in plan.unchecked() {
        printer.data(&format!("not checked: {unchecked}"));
    }
}

fn end_dry_run(session: &Session<'_>, plan: &PublishPlan) {
    let guard = plan.guard();
    let what = format!("@kaelio/ktx@{} with tag {}", guard.version, guard.tag);
    let line = match guard.work {
        Work::Nothing => format!("Already published {what}: there is nothing to do"),
        Work::Publish | Work::MoveTag => {
            format!("Dry-run verified {what}; nothing was written, add --execute to publish")
        }
    };
    session.printer.data(&line);
}

fn tell(session: &Session<'_>, report: &PublishReport) -> Result<()> {
    let what = format!("{}@{} with tag {}", report.package, report.version, report.tag);
    let line = match &report.result {
        PublishResult::Published => format!("Published {what}"),
        PublishResult::AlreadyPublished => format!("Already published {what}: bytes and tags verified"),
        PublishResult::Staged { id } => {
            format!("Staged {what}; a person approves it: npm stage approve {id}")
        }
        PublishResult::PublishedNotYetVisible { seen } => {
            let message = format!("published {what}, not yet visible: {seen}");
            return Err(Failure::new(Exit::Network, message)
                .hint("run the same command again: it finds out what the registry has and finishes")
                .into());
        }
    };
    session.printer.data(&line);
    session.printer.talk(&format!("receipt: {}", report.receipt));
    session.printer.summary(&line);
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    plan: &'a Plan,
    registry: &'a RegistryUrl,
    integrity: String,
    command: String,
    unchecked: Vec<&'static str>,
    /// Null for a dry run.
    report: Option<&'a PublishReport>,
}

impl<'a> Document<'a> {
    fn of(plan: &'a PublishPlan, report: Option<&'a PublishReport>) -> Self {
        Self {
            plan: plan.guard(),
            registry: plan.registry(),
            integrity: plan.integrity().to_string(),
            command: plan.command(),
            unchecked: plan.unchecked(),
            report,
        }
    }
}
