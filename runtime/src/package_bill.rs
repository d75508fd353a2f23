//! The bill of materials of the package that this program is in.

use std::path::PathBuf;

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
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    component: Component,
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
        })
    }
}
