//! `cargo xtask notes`: the notes of a release.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_announce::Release;
use ktx_policy::ReleaseVersion;
use ktx_publish::artifacts::changelog;
use serde::Serialize;

use crate::releasing;
use crate::session::Session;

/// Print the notes of a release: its section of CHANGELOG.md, and the facts about the artifacts
#[derive(Args)]
pub struct NotesArgs {
    /// The version [default: the one of the workspace]
    version: Option<ReleaseVersion>,
    /// Handed-over artifacts, with reports/, release-policy.json and CHANGELOG.md beside the folder [default: the checkout's]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<Utf8PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotesDocument<'a> {
    version: &'a str,
    /// Whether there are artifacts of this version for the notes to describe.
    has_artifacts: bool,
    markdown: &'a str,
}

pub fn run(arguments: NotesArgs, session: &Session<'_>) -> Result<()> {
    let artifacts = arguments.artifacts.as_ref();
    let location = releasing::location(session, artifacts)?;
    let sources = releasing::source_facts_as(session, artifacts, None, arguments.version)?;
    let fail = |error| releasing::failure(session, error);
    let section = changelog(&location.changelog, &sources.version).map_err(fail)?;
    let release = Release::gather(&location, &sources).map_err(fail)?;
    let markdown = release.notes(&section);
    let has_artifacts = release.tarball.is_some();
    session.printer.document(&NotesDocument {
        version: &release.version,
        has_artifacts,
        markdown: &markdown,
    })?;
    session.printer.data(markdown.trim_end());
    if !has_artifacts {
        let version = &release.version;
        session.printer.talk(&format!(
            "there are no verified artifacts of {version}, so the notes do not describe them"
        ));
    }
    Ok(())
}
