//! `dist/reports/release.html`, and the same in the summary of the job.

use std::io::Write;

use anyhow::{Context, Result};
use fs_err as fs;
use ktx_announce::{PAGE_FILE, Release};
use ktx_policy::readiness::SourceFacts;
use ktx_publish::artifacts::Location;

use crate::releasing;
use crate::session::Session;

/// Gathers the facts of the release, and writes the page about them.
pub fn write(session: &Session<'_>, location: &Location, sources: &SourceFacts) -> Result<Release> {
    let release = Release::gather(location, sources).map_err(|error| releasing::failure(session, error))?;
    let path = location.reports.join(PAGE_FILE);
    fs::create_dir_all(&location.reports)?;
    let mut file = tempfile::NamedTempFile::new_in(&location.reports)?;
    file.write_all(release.page().as_bytes())?;
    file.persist(&path)
        .with_context(|| format!("failed to write `{}`", path.display()))?;
    session.printer.summary(&release.summary());
    session.printer.verbose(&format!("page: {}", path.display()));
    Ok(release)
}
