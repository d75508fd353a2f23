//! `cargo xtask announce`: the git tag and the release page of a version that was published.

use anyhow::Result;
use clap::Args;
use ktx_announce::announcement::{self, AnnounceOptions, Announced, Announcement, Step};
use ktx_names::NPM_PACKAGE;
use ktx_policy::ReleaseVersion;
use serde::Serialize;

use crate::git;
use crate::releasing::{self, PlaceArgs, SessionDesk};
use crate::session::Session;

/// Make the git tag and the release page of a published version; shows the plan unless --execute is given
#[derive(Args)]
pub struct AnnounceArgs {
    /// The version [default: the one of the workspace]
    version: Option<ReleaseVersion>,
    /// Act; without it only the plan is shown
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnnounceDocument {
    tag: String,
    revision: String,
    prerelease: bool,
    steps: Vec<Step>,
    notices: Vec<String>,
    /// Null for a dry run.
    announced: Option<Announced>,
}

pub fn run(arguments: AnnounceArgs, session: &Session<'_>) -> Result<()> {
    let artifacts = arguments.place.artifacts.as_ref();
    let options = AnnounceOptions {
        location: releasing::location(session, artifacts)?,
        sources: releasing::source_facts_as(session, artifacts, None, arguments.version)?,
        registry: releasing::registry(arguments.place.registry.as_deref())?,
    };
    let desk = SessionDesk(session);
    let fail = |error| releasing::failure(session, error);
    let plan = announcement::plan(&options, &releasing::environment(), &desk).map_err(fail)?;
    print(session, &options, &plan);
    let mut document = AnnounceDocument {
        tag: plan.tag.clone(),
        revision: plan.revision.clone(),
        prerelease: plan.prerelease,
        steps: plan.steps.clone(),
        notices: plan.notices.clone(),
        announced: None,
    };
    if !arguments.execute {
        let end = if plan.is_done() {
            "done already, as read from GitHub"
        } else {
            "dry run: nothing was written, add --execute to announce"
        };
        session.printer.data(end);
        return session.printer.document(&document);
    }
    let announced = plan.execute(&desk).map_err(fail)?;
    fetch_tag(session, &announced.tag);
    session.printer.data(&format!("announced: {}", announced.page));
    session
        .printer
        .summary(&format!("[{}]({})", announced.tag, announced.page));
    document.announced = Some(announced);
    session.printer.document(&document)
}

fn print(session: &Session<'_>, options: &AnnounceOptions, plan: &Announcement) {
    let printer = session.printer;
    let version = &options.sources.version;
    printer.data(&format!(
        "announce {NPM_PACKAGE}@{version} as {}, built from {}",
        plan.tag, plan.revision
    ));
    for notice in &plan.notices {
        printer.data(&format!("note: {notice}"));
    }
    for step in &plan.steps {
        printer.data(&format!("to do: {step}"));
    }
    if !plan.has_token() {
        printer.data("not checked: drafts, which GitHub shows to a token alone; GITHUB_TOKEN is not set");
    }
}

/// Brings the tag into the checkout, where `version next` looks for it. The tag is on GitHub whether or not this works.
fn fetch_tag(session: &Session<'_>, tag: &str) {
    if session.root().is_err() {
        return;
    }
    let reference = format!("refs/tags/{tag}");
    if git::output(session, &["rev-parse", "--verify", "--quiet", &reference]).is_ok() {
        return;
    }
    let refspec = format!("{reference}:{reference}");
    if git::output(session, &["fetch", "--quiet", "--no-tags", "origin", &refspec]).is_err() {
        let message =
            format!("the tag {tag} is not in this checkout yet; fetch it: git fetch origin tag {tag}");
        session.printer.warning(&message);
    }
}
