//! What a package must be. The staged tree and a tarball that was read back are judged alike, and all that is wrong
//! is reported.

mod assets;
mod install;
mod layout;
mod telemetry;

use ktx_manifest::{Finding, Platform};

use super::contents::PackageContents;
use super::program;
use crate::error::Error;

/// All findings about a package of this version.
pub fn judge(contents: &PackageContents, version: &semver::Version) -> Result<Vec<Finding>, Error> {
    let mut findings = layout::findings(contents);
    findings.extend(install::findings(contents, version));
    for platform in Platform::ALL {
        let path = platform.program_path();
        if let Some(file) = contents.get(&path) {
            findings.extend(program::findings(&path, platform, version, file.bytes));
        }
    }
    findings.extend(assets::findings(contents, version)?);
    findings.extend(telemetry::findings(contents));
    Ok(findings)
}
