//! `dist/reports/release.html` and `approval.md`, and the same in the summary of the job.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use ktx_announce::{PAGE_FILE, Release};
use ktx_policy::readiness::SourceFacts;
use ktx_publish::artifacts::Location;

use crate::releasing;
use crate::session::Session;

const CARD_FILE: &str = "approval.md";

/// Gathers the facts of the release, and writes the page about them.
pub fn write(session: &Session<'_>, location: &Location, sources: &SourceFacts) -> Result<Release> {
    let release = Release::gather(location, sources).map_err(|error| releasing::failure(session, error))?;
    let path = location.reports.join(PAGE_FILE);
    replace(&path, &release.page())?;
    session.printer.summary(&release.summary());
    session.printer.verbose(&format!("page: {}", path.display()));
    Ok(release)
}

/// The card for the person who approves a staged version.
pub fn write_card(session: &Session<'_>, location: &Location, card: &str) -> Result<()> {
    let path = location.reports.join(CARD_FILE);
    replace(&path, card)?;
    session.printer.summary(card);
    session
        .printer
        .talk(&format!("card for the approval: {}", path.display()));
    Ok(())
}

fn replace(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)
        .with_context(|| format!("failed to write `{}`", path.display()))?;
    Ok(())
}
