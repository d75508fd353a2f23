//! The registry's description of the package, as far as it can be verified.
//!
//! <https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>

use std::collections::BTreeMap;

use ktx_names::NPM_PACKAGE;
use ktx_publish::PublishError;
use ktx_publish::registry::Registry;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct RegistryDocument {
    name: String,
    #[serde(rename = "dist-tags", default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    versions: BTreeMap<String, Version>,
    #[serde(default)]
    time: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
pub struct Version {
    pub dist: Dist,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dist {
    pub tarball: String,
    pub integrity: Option<String>,
    pub unpacked_size: Option<u64>,
    pub file_count: Option<u64>,
    #[serde(default)]
    pub signatures: Vec<Signature>,
    pub attestations: Option<Attestations>,
}

#[derive(Debug, Deserialize)]
pub struct Signature {
    pub keyid: String,
    /// ECDSA in DER, in base64.
    pub sig: String,
}

#[derive(Debug, Deserialize)]
pub struct Attestations {
    /// Address of the bundles.
    pub url: String,
}

impl RegistryDocument {
    pub fn fetch(registry: &Registry) -> Result<Self, PublishError> {
        let address = format!("{}{}", registry.url(), NPM_PACKAGE.replace('/', "%2f"));
        let failed = |cause: String| PublishError::Registry {
            address: address.clone(),
            cause,
        };
        let body = registry.fetch(&address)?;
        let body = body.ok_or_else(|| failed(format!("it does not know {NPM_PACKAGE}")))?;
        let document: Self = serde_json::from_slice(&body)
            .map_err(|error| failed(format!("the answer is not a packument: {error}")))?;
        if document.name != NPM_PACKAGE {
            return Err(failed(format!("the answer is about `{}`", document.name)));
        }
        Ok(document)
    }

    /// The version behind a number or a dist-tag.
    pub fn version(&self, asked: &str) -> Option<(String, &Version)> {
        let version = self.tags.get(asked).map_or(asked, String::as_str);
        Some((version.to_owned(), self.versions.get(version)?))
    }

    /// When the version was published, as the registry says.
    pub fn published_at(&self, version: &str) -> Option<&str> {
        self.time.get(version)?.as_str()
    }
}
