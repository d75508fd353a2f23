//! The bill of materials, `assets/sbom.cdx.json` in the package: what is in its programs and what its locks name. The part
//! of [CycloneDX 1.6] that this project writes; anything else is refused.
//!
//! [CycloneDX 1.6]: https://cyclonedx.org/docs/1.6/json/

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// Path of the bill in the package.
pub const SBOM: &str = "assets/sbom.cdx.json";

/// The property with the commit that a package was built from.
pub const REVISION: &str = "ktx:source-revision";

/// A bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sbom {
    #[serde(rename = "$schema")]
    pub schema: String,
    pub bom_format: String,
    pub spec_version: String,
    /// Of this document; a package has one.
    pub version: u32,
    pub metadata: Metadata,
    /// Sorted by reference.
    pub components: Vec<Component>,
    /// Sorted by reference.
    pub dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Metadata {
    /// What the bill is of.
    pub component: Component,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Component {
    #[serde(rename = "type")]
    pub kind: ComponentKind,
    /// The name by which [`Dependency`] refers to it: the path of a file, the purl of a package.
    #[serde(rename = "bom-ref")]
    pub reference: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<License>,
    /// Where vulnerability databases know it by this name only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// Absent for what is not published on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComponentKind {
    Application,
    File,
    Library,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hash {
    pub alg: HashAlgorithm,
    pub content: Sha256Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HashAlgorithm {
    #[serde(rename = "SHA-256")]
    Sha256,
}

/// An SPDX expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    pub expression: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    pub name: String,
    pub value: String,
}

/// What a component consists of, by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dependency {
    #[serde(rename = "ref")]
    pub reference: String,
    /// Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

impl Sbom {
    /// Puts a bill together, sorted.
    pub fn new(of: Component, mut components: Vec<Component>, mut dependencies: Vec<Dependency>) -> Self {
        components.sort_by(|left, right| left.reference.cmp(&right.reference));
        dependencies.sort_by(|left, right| left.reference.cmp(&right.reference));
        for dependency in &mut dependencies {
            dependency.depends_on.sort();
        }
        Self {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json".to_owned(),
            bom_format: "CycloneDX".to_owned(),
            spec_version: "1.6".to_owned(),
            version: 1,
            metadata: Metadata { component: of },
            components,
            dependencies,
        }
    }

    /// The text as it is written.
    pub fn to_text(&self) -> String {
        crate::json::to_text(self)
    }

    pub fn component(&self, reference: &str) -> Option<&Component> {
        self.components
            .iter()
            .find(|component| component.reference == reference)
    }

    /// What a component consists of; nothing, where the bill does not say.
    pub fn parts(&self, reference: &str) -> &[String] {
        self.dependencies
            .iter()
            .find(|dependency| dependency.reference == reference)
            .map_or(&[], |dependency| &dependency.depends_on)
    }
}

impl Component {
    pub fn new(kind: ComponentKind, reference: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind,
            reference: reference.into(),
            name: name.into(),
            version: None,
            description: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            cpe: None,
            purl: None,
            properties: Vec::new(),
        }
    }

    /// The component with a version.
    #[must_use]
    pub fn of_version(mut self, version: impl ToString) -> Self {
        self.version = Some(version.to_string());
        self
    }

    /// The component with digests, of which one is that of the file in use.
    #[must_use]
    pub fn with_sha256(mut self, digests: impl IntoIterator<Item = Sha256Digest>) -> Self {
        let hash = |content| Hash {
            alg: HashAlgorithm::Sha256,
            content,
        };
        self.hashes.extend(digests.into_iter().map(hash));
        self.hashes.sort();
        self
    }

    /// The component with its SPDX expression.
    #[must_use]
    pub fn licensed(mut self, expression: impl Into<String>) -> Self {
        self.licenses = vec![License {
            expression: expression.into(),
        }];
        self
    }

    #[must_use]
    pub fn with_purl(mut self, purl: impl Into<String>) -> Self {
        self.purl = Some(purl.into());
        self
    }

    #[must_use]
    pub fn with_property(mut self, name: &str, value: impl Into<String>) -> Self {
        self.properties.push(Property {
            name: name.to_owned(),
            value: value.into(),
        });
        self
    }

    pub fn property(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|property| property.name == name)?;
        Some(&found.value)
    }
}
