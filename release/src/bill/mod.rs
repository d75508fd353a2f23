//! What bills of materials and notices are made from: the programs' own bytes and the locks, so that they say what is there
//! and not what was intended. The sources add licences and digests.

mod license_policy;
mod notices;
mod program;
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_manifest::sbom::Component;
pub use ktx_manifest::sbom::REVISION;
use ktx_manifest::{Platform, Sha256Digest};

pub use self::license_policy::{is_allowed, refusal as license_refusal};
pub use self::notices::{NOTICES, Notices, heading, of_crate, of_runtime};
pub use self::program::{Crate, Origin, SQLITE_CRATE, ZIG, Zig, crates, runtimes, sqlite};
pub use self::python::{Licenses, Lock, closure, purl};
use crate::error::Error;

/// What the sources say about what is in a package.
#[derive(Clone, Debug, Default)]
pub struct BillSources {
    /// The commit of a clean work tree.
    pub revision: Option<String>,
    /// The crates that Cargo.lock names, by name and version.
    pub crates: BTreeMap<(String, String), CrateSource>,
}

/// A crate as it was downloaded.
#[derive(Clone, Debug)]
pub struct CrateSource {
    /// `package.license`, as it is written.
    pub license: Option<String>,
    /// Of the archive that the registry serves; a crate of the workspace has none.
    pub sha256: Option<Sha256Digest>,
    /// Its sources.
    pub folder: PathBuf,
}

/// The licences of the locked distributions of the project in `python`. Errors name the file.
pub fn licenses(python: &Path) -> Result<Licenses, Error> {
    let path = python.join("locks/licenses.toml");
    let text = fs::read_to_string(&path).map_err(Error::File)?;
    toml_edit::de::from_str(&text).map_err(|error| Error::missing(path, error.to_string(), "fix the file"))
}

impl CrateSource {
    /// `SQLITE_VERSION` in the header that comes with the sources.
    pub fn sqlite_version(&self) -> Result<String, Error> {
        let header = fs::read_to_string(self.folder.join("sqlite3/sqlite3.h")).map_err(Error::File)?;
        let line = header
            .lines()
            .find_map(|line| line.strip_prefix("#define SQLITE_VERSION "));
        Ok(line.unwrap_or_default().trim().trim_matches('"').to_owned())
    }
}

/// What a program was built from, but for the C sources in its crates.
pub fn parts(platform: Platform, program: &[u8]) -> Result<(BTreeSet<Crate>, Vec<Component>), String> {
    let crates = crates(program)?;
    // Without its list a program is not one that this toolchain built, and what else is in it is not known.
    let runtimes = match crates.is_empty() {
        true => Vec::new(),
        false => runtimes(platform, program)?,
    };
    Ok((crates, runtimes))
}

/// The expression of a crate, which may be from the time before SPDX: `MIT/Apache-2.0`.
pub fn canonical(license: &str) -> Result<String, spdx::ParseError> {
    let text = spdx::Expression::canonicalize(license)?.unwrap_or_else(|| license.to_owned());
    spdx::Expression::parse(&text).map(|_| text)
}
