//! The bill of materials of the package that this program is in, and whether the program is the one that it lists.

use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_manifest::Sha256Digest;
use serde::Deserialize;

use crate::{Environment, assets};

/// File name beside the folder of the Python assets.
const FILE: &str = "sbom.cdx.json";

/// The property with the commit.
const REVISION: &str = "ktx:source-revision";

/// Where the bill is, and what it says about the package as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageBill {
    pub path: PathBuf,
    /// Of the file.
    pub sha256: Sha256Digest,
    /// The commit that the package was built from; absent for one with uncommitted changes.
    pub source_revision: Option<String>,
    components: Vec<Listed>,
}

/// What a bill says about a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramMatch {
    /// It has the digest that the bill names.
    Same,
    /// It has another one.
    Other,
    /// The bill does not list it, or it is not in this package.
    Unlisted,
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Listed>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Component,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Listed {
    #[serde(rename = "bom-ref", default)]
    reference: String,
    #[serde(default)]
    hashes: Vec<Hash>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Hash {
    content: String,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    value: String,
}

impl PackageBill {
    /// None where there is no package, or its bill cannot be read.
    pub fn read(environment: &Environment) -> Option<Self> {
        let path = assets::directory(environment).parent()?.join(FILE);
        let text = fs::read(&path).ok()?;
        let document: Document = serde_json::from_slice(&text).ok()?;
        let mut properties = document.metadata.component.properties.into_iter();
        let revision = properties.find(|property| property.name == REVISION);
        Some(Self {
            path,
            sha256: Sha256Digest::of(&text),
            source_revision: revision.map(|property| property.value),
            components: document.components,
        })
    }

    /// Compares the program's bytes with what the bill says about the file at its place.
    pub fn compare(&self, program: &Path) -> ProgramMatch {
        let package = self.path.ancestors().nth(2);
        let place = package.and_then(|package| program.strip_prefix(package).ok());
        let place = place.map(|place| place.to_string_lossy().replace('\\', "/"));
        let listed = self
            .components
            .iter()
            .find(|one| Some(&one.reference) == place.as_ref());
        let (Some(listed), Ok(bytes)) = (listed, fs::read(program)) else {
            return ProgramMatch::Unlisted;
        };
        let digest = Sha256Digest::of(&bytes).to_string();
        match listed.hashes.iter().any(|hash| hash.content == digest) {
            true => ProgramMatch::Same,
            false => ProgramMatch::Other,
        }
    }

    /// What was compared with the bill, in one line.
    pub fn verdict(&self, program: Option<&Path>) -> &'static str {
        match program.map_or(ProgramMatch::Unlisted, |program| self.compare(program)) {
            ProgramMatch::Same => "this program has the digest that the bill of materials names",
            ProgramMatch::Other => {
                "this program is not the one that the bill of materials names: reinstall @kaelio/ktx"
            }
            ProgramMatch::Unlisted => "this program is not listed in the bill of materials",
        }
    }
}
