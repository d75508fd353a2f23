//! `dist/reports/diff.json`, as readiness is judged by it.

use std::path::Path;

use fs_err as fs;
use ktx_inspect::{Comparison, Side};
use ktx_manifest::ContentId;
use ktx_policy::budgets::Sizes;
use ktx_policy::readiness::Compared;

use super::tarball::Tarball;

/// File name in the folder of the reports.
pub const COMPARISON_FILE: &str = "diff.json";

/// What the comparison says about the tarball.
pub(super) fn judge(reports: &Path, tarball: Option<&Tarball>) -> Compared {
    let comparison = match read_comparison(reports, tarball) {
        Ok(comparison) => comparison,
        Err(unusable) => return unusable,
    };
    match &comparison.against {
        None => Compared::First,
        Some(against) => Compared::With {
            version: against.version.clone(),
            before: sizes(against),
            after: sizes(&comparison.candidate),
        },
    }
}

/// The comparison of the tarball; the error says why there is none.
pub fn read_comparison(reports: &Path, tarball: Option<&Tarball>) -> Result<Comparison, Compared> {
    let text = fs::read(reports.join(COMPARISON_FILE)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Compared::Not,
        _ => Compared::Unreadable(error.to_string()),
    })?;
    let comparison: Comparison = serde_json::from_slice(&text)
        .map_err(|error| Compared::Unreadable(format!("{COMPARISON_FILE}: {error}")))?;
    let Side { sha256, bytes, .. } = comparison.candidate;
    if tarball.map(Tarball::content) == Some(ContentId { sha256, bytes }) {
        Ok(comparison)
    } else {
        Err(Compared::OtherTarball)
    }
}

/// The sizes of a package that have a budget.
pub fn sizes(side: &Side) -> Sizes {
    let programs = side.programs.iter();
    Sizes {
        tarball: side.bytes,
        programs: programs
            .map(|(platform, size)| (platform.to_string(), *size))
            .collect(),
        files: side.files,
    }
}
