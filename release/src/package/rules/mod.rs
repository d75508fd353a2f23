//! What a package must be. The staged tree and a tarball that was read back are judged alike, and all that is wrong
//! is reported.

mod assets;
mod install;
mod launcher;
mod layout;
pub(super) mod telemetry;

use std::panic::resume_unwind;
use std::thread;

use ktx_manifest::{Finding, Platform};

use super::contents::PackageContents;
use super::program;
use crate::error::Error;

/// All findings about a package of this version.
pub fn judge(contents: &PackageContents, version: &semver::Version) -> Result<Vec<Finding>, Error> {
    // The search for telemetry goes over every byte and takes as long as all the others together.
    thread::scope(|scope| {
        let telemetry = scope.spawn(|| telemetry::findings(contents));
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
        findings.extend(telemetry.join().unwrap_or_else(|panic| resume_unwind(panic)));
        Ok(findings)
    })
}
