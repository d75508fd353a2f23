//! A runtime bundle: one file with everything that installing the managed runtime needs from a network.
//!
//! A gzip-compressed tar archive, read as strictly as an npm tarball, with these files below `ktx-runtime/`, sorted:
//!
//! ```text
//! bundle.json                       the manifest, always the first
//! python/<platform>/…               an interpreter, where the bundle has one for the platform
//! uv/<wheel of uv>                  one for each platform
//! wheels/<wheel>                    the locked requirements of all platforms
//! ```
//!
//! The manifest lists every file with its size and digest. It is no proof of where a bundle comes from: an installation
//! compares uv and the wheels with the digests that the package itself carries, and takes the interpreter as it is.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use ktx_names::Platform;
use serde::{Deserialize, Serialize};

pub use self::read::{BundleError, BundleFault, read};
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, Sha256Digest};
use crate::json_text;
use crate::path_set::{PathKind, PathSet};

/// The folder of all files in the archive.
pub const BUNDLE_FOLDER: &str = "ktx-runtime";
/// The manifest's file name in that folder.
pub const BUNDLE_MANIFEST_FILE: &str = "bundle.json";

/// The manifest. Values of this type do not contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleManifest {
    schema_version: u8,
    /// The version of ktx that it is for.
    pub version: String,
    /// The features whose requirements it holds, `core` always among them.
    pub features: Vec<String>,
    /// The version of Python that the wheels are for, such as `3.13`.
    pub python: String,
    /// The digest of the locked requirements that were resolved.
    pub requirements: Sha256Digest,
    pub platforms: BTreeMap<Platform, PlatformContents>,
    /// Every other file of the archive.
    pub files: BTreeMap<ArchivePath, BundledContent>,
}

/// What the bundle holds for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformContents {
    /// The wheel of uv.
    pub uv: ArchivePath,
    pub wheels: BTreeSet<ArchivePath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<BundledInterpreter>,
}

/// An interpreter, whose files are those below `python/<platform>/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledInterpreter {
    /// As uv names it: `cpython-3.13.1-linux-x86_64-gnu`.
    pub name: ArchivePath,
    /// The program, below the interpreter's folder.
    pub program: ArchivePath,
    /// Links in it, each to another name in its own folder.
    pub links: BTreeMap<ArchivePath, ArchivePath>,
}

/// Digest and size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledContent {
    pub sha256: Sha256Digest,
    pub bytes: u64,
}

impl From<ContentId> for BundledContent {
    fn from(content: ContentId) -> Self {
        Self {
            sha256: content.sha256,
            bytes: content.bytes,
        }
    }
}

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidBundleManifest(String);

/// The parts of a manifest, before they are checked.
#[derive(Debug, Clone)]
pub struct BundleParts {
    pub version: String,
    pub features: Vec<String>,
    pub python: String,
    pub requirements: Sha256Digest,
    pub platforms: BTreeMap<Platform, PlatformContents>,
    pub files: BTreeMap<ArchivePath, BundledContent>,
}

impl BundleManifest {
    /// A manifest of these parts.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn new(parts: BundleParts) -> Result<Self, InvalidBundleManifest> {
        Self {
            schema_version: 1,
            version: parts.version,
            features: parts.features,
            python: parts.python,
            requirements: parts.requirements,
            platforms: parts.platforms,
            files: parts.files,
        }
        .checked()
    }

    /// Reads the manifest's text.
    ///
    /// # Errors
    /// When it is not such a text, strictly.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidBundleManifest> {
        let manifest: Self =
            serde_json::from_slice(text).map_err(|error| InvalidBundleManifest(error.to_string()))?;
        manifest.checked()
    }

    /// The text as it is in a bundle.
    pub fn to_text(&self) -> String {
        json_text(self)
    }

    /// Where the files of a platform's interpreter are.
    pub fn interpreter_folder(platform: Platform) -> String {
        format!("python/{platform}/")
    }

    fn checked(self) -> Result<Self, InvalidBundleManifest> {
        match self.contradiction() {
            None => Ok(self),
            Some(reason) => Err(InvalidBundleManifest(reason)),
        }
    }

    fn contradiction(&self) -> Option<String> {
        if self.schema_version != 1 {
            return Some(format!("schemaVersion must be 1, got {}", self.schema_version));
        }
        if self.version.is_empty() || self.platforms.is_empty() {
            return Some("it names no version or no platform".to_owned());
        }
        if !is_python(&self.python) {
            return Some(format!(
                "`{}` is not a version of Python",
                self.python.escape_debug()
            ));
        }
        let mut used: BTreeSet<&ArchivePath> = BTreeSet::new();
        for (platform, contents) in &self.platforms {
            let wheels = contents.wheels.iter().map(|path| (path, "wheels/"));
            for (path, folder) in wheels.chain([(&contents.uv, "uv/")]) {
                let rest = path.as_str().strip_prefix(folder);
                if !rest.is_some_and(|file| file.ends_with(".whl") && !file.contains('/')) {
                    return Some(format!("`{path}` is not a wheel below `{folder}`"));
                }
                if !self.files.contains_key(path) {
                    return Some(format!("`{path}` is not among the files"));
                }
                used.insert(path);
            }
            if let Some(interpreter) = &contents.interpreter {
                let folder = Self::interpreter_folder(*platform);
                let inside = self
                    .files
                    .keys()
                    .filter(|path| path.as_str().starts_with(&folder));
                used.extend(inside);
                if let Some(reason) = self.interpreter_contradiction(&folder, interpreter) {
                    return Some(reason);
                }
            }
        }
        let unused = self.files.keys().find(|path| !used.contains(path));
        unused.map(|path| format!("`{path}` belongs to no platform"))
    }

    /// Files and links of an interpreter are one tree, and nothing in it leads out of it.
    fn interpreter_contradiction(&self, folder: &str, interpreter: &BundledInterpreter) -> Option<String> {
        if !interpreter.name.is_bare() {
            return Some(format!(
                "`{}` is not the name of an interpreter",
                interpreter.name
            ));
        }
        let mut tree = PathSet::default();
        let files = self
            .files
            .keys()
            .filter_map(|path| path.as_str().strip_prefix(folder));
        let files: BTreeSet<ArchivePath> = files.filter_map(|path| path.parse().ok()).collect();
        for path in files.iter().chain(interpreter.links.keys()) {
            if let Err(collision) = tree.insert(path, PathKind::File) {
                return Some(format!("in `{folder}`: {collision}"));
            }
        }
        if !files.contains(&interpreter.program) {
            return Some(format!("`{folder}` has no `{}`", interpreter.program));
        }
        for (link, target) in &interpreter.links {
            let beside = match link.as_str().rsplit_once('/') {
                Some((parent, _)) => format!("{parent}/{target}"),
                None => target.to_string(),
            };
            let known = |path: &ArchivePath| path.as_str() == beside;
            if !target.is_bare() || !(files.iter().any(known) || interpreter.links.keys().any(known)) {
                return Some(format!("the link `{folder}{link}` leads to nothing beside it"));
            }
        }
        None
    }
}

/// A version with two numbers.
pub fn is_python(text: &str) -> bool {
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(major, minor)| number(major) && number(minor))
}
