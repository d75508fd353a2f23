//! `cargo xtask publish`: the plan, and with `--execute` the deed.

use anyhow::Result;
use clap::Args;
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{FirstLatest, Plan, Tags, Work};
use ktx_publish::npm::Staging;
use ktx_publish::publication::{self, Draft, Intent, Patience, PublishOptions, PublishReport, PublishResult};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::releasing::{self, Place, SessionDesk, Told};
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
    let draft = publication::draft(&options, &environment, &desk)
        .map_err(|error| releasing::failure(session, error))?;
    let facts = Facts::of(&draft);
    print(session, &draft, &facts);
    if !arguments.execute {
        session.printer.summary(&summary(&draft, &facts));
    }
    if !arguments.execute || !draft.blocks().is_empty() {
        session.printer.document(&Document {
            facts: &facts,
            blocks: draft.blocks().iter().map(releasing::told).collect(),
            report: None,
        })?;
    }
    let plan = draft
        .into_plan()
        .map_err(|error| releasing::blocked(session, error))?;
    if !arguments.execute {
        end_dry_run(session, plan.guard());
        return Ok(());
    }
    let report = plan
        .execute(&desk)
        .map_err(|error| releasing::failure(session, error))?;
    session.printer.document(&Document {
        facts: &facts,
        blocks: Vec::new(),
        report: Some(&report),
    })?;
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
        intent: if arguments.execute {
            Intent::Execute
        } else {
            Intent::Show
        },
    })
}

fn print(session: &Session<'_>, draft: &Draft, facts: &Facts) {
    let printer = session.printer;
    printer.data(&format!(
        "publish {NPM_PACKAGE}@{} under {} to {}",
        draft.version(),
        draft.tag(),
        draft.registry()
    ));
    let integrity = facts.integrity.as_deref();
    printer.data(&format!(
        "integrity: {}",
        integrity.unwrap_or("there is no tarball")
    ));
    printer.data(&format!("command: {}", facts.command));
    releasing::print_tags(session, facts.tags_before.as_ref(), facts.tags_after.as_ref());
    releasing::print_checked(session, &facts.checked);
    releasing::print_notes(session, draft.guard().map_or(&[], |plan| &plan.notes));
    for unchecked in &facts.unchecked {
        printer.data(&format!("not checked: {unchecked}"));
    }
}

/// The plan for the person who approves it.
fn summary(draft: &Draft, facts: &Facts) -> String {
    let mut text = format!(
        "## Plan: publish {NPM_PACKAGE}@{} under `{}`\n\n",
        draft.version(),
        draft.tag()
    );
    let mut row = |name: &str, value: &str| text.push_str(&format!("| {name} | {value} |\n"));
    row("registry", &draft.registry().to_string());
    row("---", "---");
    row(
        "integrity",
        &format!("`{}`", facts.integrity.as_deref().unwrap_or("none")),
    );
    let tags = |tags: Option<&Tags>| {
        let Some(tags) = tags else {
            return "not known".to_owned();
        };
        let pairs: Vec<String> = tags
            .iter()
            .map(|(tag, version)| format!("`{tag}` {version}"))
            .collect();
        pairs.join(", ")
    };
    row("tags before", &tags(facts.tags_before.as_ref()));
    row("tags after", &tags(facts.tags_after.as_ref()));
    row(
        "in the way",
        &draft
            .blocks()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    );
    text
}

fn end_dry_run(session: &Session<'_>, guard: &Plan) {
    let what = format!("{NPM_PACKAGE}@{} with tag {}", guard.version, guard.tag);
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
        PublishResult::Staged { approve, .. } => {
            format!("Staged {what}; a person approves it: {approve}")
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
    #[serde(flatten)]
    facts: &'a Facts,
    /// Everything that stands in the way.
    blocks: Vec<Told<'a>>,
    /// Null for a dry run.
    report: Option<&'a PublishReport>,
}

/// What was found out before npm ran.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    /// Null when the guard refuses.
    plan: Option<Plan>,
    registry: RegistryUrl,
    integrity: Option<String>,
    command: String,
    tags_before: Option<Tags>,
    tags_after: Option<Tags>,
    checked: Vec<String>,
    unchecked: Vec<&'static str>,
}

impl Facts {
    fn of(draft: &Draft) -> Self {
        Self {
            plan: draft.guard().cloned(),
            registry: draft.registry().clone(),
            integrity: draft.integrity().map(ToString::to_string),
            command: draft.command(),
            tags_before: draft.tags_before().cloned(),
            tags_after: draft.tags_after().cloned(),
            checked: draft.checked(),
            unchecked: draft.unchecked(),
        }
    }
}
