//! `cargo xtask publish`: shows what a publication would do, and carries it out with `--execute`.

use std::io::IsTerminal;

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_announce::Release;
use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{Decision, FirstLatest, Tags, Work};
use ktx_publish::PublishError;
use ktx_publish::publication::{
    self, Intent, Patience, Prepared, Preview, ProvenanceResult, PublishOptions, PublishReport,
    PublishResult, StagedBytes, StagedVersion,
};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::page;
use crate::releasing::{self, ErrorDocument, PlaceArgs, SessionDesk};
use crate::session::Session;

/// Publish to a registry; shows the plan unless --execute is given
#[derive(Args)]
pub struct PublishArgs {
    /// The dist-tag to publish under: next, latest, release-X.Y or branch-<name>
    #[arg(long)]
    tag: String,
    /// Publish; without it only the plan is shown
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    place: PlaceArgs,
    /// The commit to release [default: the one that is checked out]
    #[arg(long, value_name = "REV")]
    source_revision: Option<String>,
    /// Let the first version of the package become latest although it is a prerelease
    #[arg(long)]
    accept_first_latest: bool,
    /// Let a version without provenance follow one with it
    #[arg(long)]
    accept_trust_downgrade: bool,
    /// Another Sigstore trusted root than the pinned one, for an instance of your own
    #[arg(long, value_name = "FILE", hide = true)]
    trusted_root: Option<Utf8PathBuf>,
}

pub fn run(arguments: PublishArgs, session: &Session<'_>) -> Result<()> {
    let desk = SessionDesk(session);
    let options = options(&arguments, session)?;
    let environment = releasing::environment();
    let Prepared { preview, plan } = publication::prepare(&options, &environment, &desk)
        .map_err(|error| releasing::failure(session, error))?;
    print(session, &preview);
    if !arguments.execute {
        let blocks = plan.as_ref().err().map_or(&[][..], Vec::as_slice);
        session.printer.summary(&summary(&preview, blocks));
    }
    let document = |blocks: &[PublishError], report: Option<&PublishReport>| {
        session.printer.document(&PublishDocument {
            preview: &preview,
            blocks: blocks.iter().map(ErrorDocument::of).collect(),
            report,
        })
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(blocks) => {
            document(&blocks, None)?;
            return Err(releasing::blocked(session, blocks, preview.next.as_ref()));
        }
    };
    if !arguments.execute {
        end_dry_run(session, plan.decision());
        return document(&[], None);
    }
    let report = plan
        .execute(&desk)
        .map_err(|error| releasing::failure(session, error))?;
    document(&[], Some(&report))?;
    releasing::print_notes(session, &report.notes);
    if let PublishResult::Staged(version) = &report.result {
        session.printer.output("staged", &version.id);
        let release = Release::gather(&options.location, &options.sources);
        let release = release.map_err(|error| releasing::failure(session, error))?;
        let card = release.approval(version, &report.tag, &report.registry, None);
        page::write_card(session, &options.location, &card)?;
    }
    tell(session, &report)
}

fn options(arguments: &PublishArgs, session: &Session<'_>) -> Result<PublishOptions> {
    let artifacts = arguments.place.artifacts.as_ref();
    Ok(PublishOptions {
        location: releasing::location(session, artifacts)?,
        sources: releasing::source_facts(session, artifacts, arguments.source_revision.as_deref())?,
        released: releasing::released(session)?,
        tag: arguments.tag.clone(),
        registry: releasing::registry(arguments.place.registry.as_deref())?,
        first_latest: match arguments.accept_first_latest {
            true => FirstLatest::Accepted,
            false => FirstLatest::Refused,
        },
        trust_downgrade: releasing::trust_downgrade(arguments.accept_trust_downgrade),
        trusted_root: releasing::trusted_root(arguments.trusted_root.as_deref())?,
        patience: Patience::default(),
        intent: if arguments.execute {
            Intent::Execute
        } else {
            Intent::Show
        },
    })
}

fn print(session: &Session<'_>, preview: &Preview) {
    let printer = session.printer;
    printer.data(&format!(
        "publish {}@{} under {} to {}",
        preview.package, preview.version, preview.tag, preview.registry
    ));
    let integrity = match &preview.integrity {
        Some(integrity) if std::io::stdout().is_terminal() => shortened(&integrity.to_string()),
        Some(integrity) => integrity.to_string(),
        None => "there is no tarball".to_owned(),
    };
    printer.data(&format!("integrity: {integrity}"));
    printer.data(&format!("command: {}", preview.command));
    releasing::print_tags(session, preview.tags_before.as_ref(), preview.tags_after.as_ref());
    for line in preview.verdicts() {
        printer.data(&line);
    }
    releasing::print_notes(session, &preview.notes);
}

/// Both ends of a digest, which is what people compare; the JSON has all of it.
fn shortened(integrity: &str) -> String {
    match (
        integrity.get(..15),
        integrity.len().checked_sub(8).and_then(|at| integrity.get(at..)),
    ) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => integrity.to_owned(),
    }
}

/// The plan for the person who approves it.
fn summary(preview: &Preview, blocks: &[PublishError]) -> String {
    let mut text = format!(
        "## Plan: publish {}@{} under `{}`\n\n",
        preview.package, preview.version, preview.tag
    );
    let mut row = |name: &str, value: &str| text.push_str(&format!("| {name} | {value} |\n"));
    row("registry", preview.registry.as_str());
    row("---", "---");
    let integrity = preview.integrity.as_ref().map(ToString::to_string);
    row(
        "integrity",
        &format!("`{}`", integrity.as_deref().unwrap_or("none")),
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
    row("tags before", &tags(preview.tags_before.as_ref()));
    row("tags after", &tags(preview.tags_after.as_ref()));
    let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    row("blocked by", &blocks.join("; "));
    text
}

fn end_dry_run(session: &Session<'_>, decision: &Decision) {
    let what = format!("{NPM_PACKAGE}@{} with tag {}", decision.version, decision.tag);
    let line = match decision.work {
        Work::Nothing => format!("Already published {what}: there is nothing to do"),
        Work::MoveTag => {
            format!("{what} is published, but the tag is not on it; add --execute to move the tag")
        }
        Work::Publish => format!("Dry-run verified {what}; nothing was written, add --execute to publish"),
    };
    session.printer.data(&line);
}

fn tell(session: &Session<'_>, report: &PublishReport) -> Result<()> {
    let what = format!("{}@{} with tag {}", report.package, report.version, report.tag);
    let line = match &report.result {
        PublishResult::Published => format!("Published {what}"),
        PublishResult::AlreadyPublished => format!("Already published {what}: bytes and tag verified"),
        PublishResult::TagMoved => format!("Already published {what}: the tag has been moved to it"),
        PublishResult::Staged(version) => {
            let StagedVersion { id, bytes, .. } = version;
            match bytes {
                StagedBytes::Same => session
                    .printer
                    .data("the registry keeps the bytes that were built"),
                StagedBytes::NotFetched { cause } => {
                    session
                        .printer
                        .data(&format!("not compared with what the registry keeps: {cause}"));
                }
            }
            releasing::print_choice(session, version);
            format!("Staged {what}; it waits for approval as {id}")
        }
        PublishResult::PublishedNotYetVisible { seen } => {
            let message =
                format!("npm reports that it published {what}, and the registry does not show it: {seen}");
            return Err(Failure::new(Exit::Network, message)
                .hint("run the same command again: it finds out what the registry has and finishes")
                .into());
        }
    };
    session.printer.data(&line);
    session.printer.talk(&format!("receipt: {}", report.receipt));
    match &report.provenance {
        ProvenanceResult::Verified(provenance) => session.printer.data(&format!(
            "provenance verified: built by {} from {} at {}",
            provenance.workflow, provenance.reference, provenance.commit
        )),
        // Nobody expects any of a version that was published by hand, or that is not there yet.
        ProvenanceResult::NotChecked { .. } => {}
        ProvenanceResult::NotYetVisible { seen } => {
            let message = format!("the provenance of {} is not known: {seen}", report.version);
            return Err(Failure::new(Exit::Network, message)
                .hint("run the same command again: it looks for the attestation again")
                .into());
        }
    }
    if !matches!(report.result, PublishResult::Staged(_)) {
        session.printer.summary(&line);
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublishDocument<'a> {
    #[serde(flatten)]
    preview: &'a Preview,
    /// Everything that blocks it.
    blocks: Vec<ErrorDocument<'a>>,
    /// Null for a dry run.
    report: Option<&'a PublishReport>,
}
