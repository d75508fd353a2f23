//! What a package must be. The staged tree and a tarball that was read back are judged alike, and all that is wrong
//! is reported.

mod assets;
mod bill;
mod install;
mod launcher;
mod layout;
mod secrets;
pub(super) mod telemetry;

use std::io::Cursor;
use std::panic::resume_unwind;
use std::thread;

use aho_corasick::{AhoCorasick, MatchKind};
use ktx_manifest::archive::{Archive, Limits};
use ktx_manifest::{Finding, Platform};

pub use self::bill::{of_bill, of_commit};
pub use self::secrets::of_machine;
use super::contents::PackageContents;
use super::program;
use crate::error::Error;

/// All findings about a package of this version.
pub fn judge(contents: &PackageContents, version: &semver::Version) -> Result<Vec<Finding>, Error> {
    // The searches go over every byte and take as long as all the others together.
    thread::scope(|scope| {
        let telemetry = scope.spawn(|| telemetry::findings(contents));
        let secrets = scope.spawn(|| secrets::findings(contents));
        let mut findings = layout::findings(contents);
        findings.extend(install::findings(contents, version));
        findings.extend(launcher::findings(contents));
        for platform in Platform::ALL {
            let path = platform.program_path();
            if let Some(file) = contents.get(&path) {
                findings.extend(program::findings(&path, platform, version, file.bytes));
            }
        }
        findings.extend(assets::findings(contents, version)?);
        findings.extend(bill::findings(contents, version));
        for search in [telemetry, secrets] {
            findings.extend(search.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        Ok(findings)
    })
}

/// Looks for all words in one pass. Of the matching kinds only this one searches many bytes at a time.
#[expect(clippy::expect_used, reason = "the words are constants; any test builds them")]
fn searcher<'a>(words: impl IntoIterator<Item = &'a &'a str>) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .expect("the words are few and short")
}

/// Calls `look` with each file of the package, and with each in its wheel. A wheel that cannot be read is another rule's
/// finding.
fn every_file(contents: &PackageContents, mut look: impl FnMut(&str, &[u8])) {
    for (path, file) in contents.iter() {
        look(path, file.bytes);
        if !path.ends_with(".whl") {
            continue;
        }
        let limits = Limits::default();
        let Ok(mut archive) = Archive::open(Cursor::new(file.bytes), &limits) else {
            continue;
        };
        for entry in archive.entries().to_vec() {
            if let Ok(bytes) = archive.read(&entry, limits.entry_bytes) {
                look(&format!("{path}/{}", entry.path), &bytes);
            }
        }
    }
}
