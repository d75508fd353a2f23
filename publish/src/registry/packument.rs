//! The [package metadata](https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md) of a registry,
//! as far as releasing needs it.

use std::collections::{BTreeMap, BTreeSet};

use ktx_policy::guard::{Integrity, PackageState, Provenance, VersionFacts};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A package as a registry describes it. Other keys are the registry's business.
#[derive(Debug, Clone, Default)]
pub struct Packument {
    /// The package; a registry must answer for what it was asked.
    pub name: String,
    /// Dist-tags and the versions that they point at.
    pub tags: BTreeMap<String, String>,
    /// The versions that can be installed.
    pub versions: BTreeMap<String, PublishedVersion>,
    /// Versions whose description makes no sense: their numbers are taken, and nothing else is known about them.
    pub unreadable: BTreeSet<String>,
    /// When each version was published, in RFC 3339.
    pub times: BTreeMap<String, String>,
    /// Versions that were published once and are gone.
    pub burned: BTreeSet<String>,
}

/// A version as a registry describes it.
#[derive(Debug, Clone, Deserialize)]
pub struct PublishedVersion {
    /// Where its tarball is, and what it holds.
    pub dist: Dist,
    /// The deprecation message; npm writes an empty text to take one back, other registries `false`.
    #[serde(default)]
    deprecated: serde_json::Value,
}

/// `dist` of a version.
#[derive(Debug, Clone, Deserialize)]
pub struct Dist {
    /// Address of the tarball.
    pub tarball: String,
    /// Subresource Integrity of the tarball.
    pub integrity: Option<Integrity>,
    /// Size of the files in bytes, as the publisher declared it.
    #[serde(rename = "unpackedSize", default)]
    pub unpacked_size: Option<u64>,
    /// Attestations, of which provenance is one.
    #[serde(default)]
    attestations: Option<Attestations>,
}

impl Dist {
    /// Address of the attestations.
    pub fn attestations(&self) -> Option<&str> {
        self.attestations.as_ref()?.url.as_deref()
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Attestations {
    url: Option<String>,
    provenance: Option<serde_json::Value>,
}

/// The document as it is sent, each version still as text: thousands of them are mostly what nobody here looks at.
#[derive(Deserialize)]
struct Text<'a> {
    name: String,
    #[serde(rename = "dist-tags", default)]
    tags: Option<BTreeMap<String, String>>,
    #[serde(borrow, default)]
    versions: Option<BTreeMap<String, &'a RawValue>>,
    /// Removed versions keep their entry.
    #[serde(default)]
    time: Option<BTreeMap<String, serde_json::Value>>,
}

impl Packument {
    /// Parses the document. A version that makes no sense does not affect the others.
    pub fn parse(document: &[u8]) -> Result<Self, serde_json::Error> {
        let text: Text<'_> = serde_json::from_slice(document)?;
        let mut packument = Self {
            name: text.name,
            tags: text.tags.unwrap_or_default(),
            ..Self::default()
        };
        for (version, description) in text.versions.unwrap_or_default() {
            match serde_json::from_str(description.get()) {
                Ok(published) => drop(packument.versions.insert(version, published)),
                Err(_) => drop(packument.unreadable.insert(version)),
            }
        }
        for (version, time) in text.time.unwrap_or_default() {
            match (version.as_str(), time) {
                ("created" | "modified", _) => {}
                ("unpublished", removed) => packument.burned.extend(unpublished(&removed)),
                (_, time) => {
                    packument.burned.insert(version.clone());
                    let time = time.as_str().map(str::to_owned);
                    packument.times.extend(time.map(|time| (version, time)));
                }
            }
        }
        let (versions, unreadable) = (&packument.versions, &packument.unreadable);
        packument
            .burned
            .retain(|version| !versions.contains_key(version) && !unreadable.contains(version));
        Ok(packument)
    }

    /// The facts for the guard.
    pub fn state(&self) -> PackageState {
        let versions = self
            .versions
            .iter()
            .map(|(version, published)| (version.clone(), self.facts(version, published)));
        let unreadable = self.unreadable.iter().map(|version| {
            let facts = VersionFacts {
                integrity: None,
                provenance: Provenance::Missing,
                published_at: self.times.get(version).cloned(),
                deprecated: None,
            };
            (version.clone(), facts)
        });
        PackageState {
            tags: self.tags.clone(),
            versions: versions.chain(unreadable).collect(),
            burned: self.burned.clone(),
        }
    }

    fn facts(&self, version: &str, published: &PublishedVersion) -> VersionFacts {
        let attested = published
            .dist
            .attestations
            .as_ref()
            .is_some_and(|found| found.provenance.is_some());
        VersionFacts {
            integrity: published.dist.integrity.clone(),
            provenance: if attested {
                Provenance::Attested
            } else {
                Provenance::Missing
            },
            published_at: self.times.get(version).cloned(),
            deprecated: published
                .deprecated
                .as_str()
                .filter(|message| !message.is_empty())
                .map(str::to_owned),
        }
    }
}

/// The versions that `time.unpublished` lists.
fn unpublished(removed: &serde_json::Value) -> Vec<String> {
    let listed = removed.get("versions").and_then(|versions| versions.as_array());
    let listed = listed.into_iter().flatten();
    listed
        .filter_map(|version| version.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_numbers_stay_known() {
        let packument = Packument::parse(
            br#"{"name": "a", "dist-tags": {"latest": "1.0.0"},
                "versions": {"1.0.0": {"dist": {"tarball": "t", "attestations": {"provenance": {}}}, "deprecated": "no"}},
                "time": {"created": "x", "modified": "x", "1.0.0": "2031-01-01", "1.1.0": "x",
                         "unpublished": {"versions": ["0.9.0"]}}}"#,
        )
        .unwrap();
        let state = packument.state();
        assert_eq!(
            state.burned,
            BTreeSet::from(["0.9.0".to_owned(), "1.1.0".to_owned()])
        );
        let facts = &state.versions["1.0.0"];
        assert_eq!(facts.provenance, Provenance::Attested);
        assert_eq!(facts.deprecated.as_deref(), Some("no"));
        assert_eq!(facts.published_at.as_deref(), Some("2031-01-01"));
        assert_eq!(facts.integrity, None);
    }

    #[test]
    fn a_version_that_makes_no_sense_spoils_only_itself() {
        for broken in [
            "null",
            "{}",
            "{\"dist\": null}",
            "{\"dist\": {}}",
            "{\"dist\": {\"tarball\": 1}}",
            "[]",
            "\"1.1.0\"",
        ] {
            let document = format!(
                r#"{{"name": "a", "dist-tags": null, "time": null,
                    "versions": {{"1.0.0": {{"dist": {{"tarball": "t", "integrity": "i"}}}}, "1.1.0": {broken}}}}}"#
            );
            let state = Packument::parse(document.as_bytes()).unwrap().state();
            assert!(state.versions["1.0.0"].integrity.is_some(), "{broken}");
            assert!(state.versions["1.1.0"].integrity.is_none(), "{broken}");
            assert!(state.burned.is_empty(), "{broken}");
        }
        assert!(Packument::parse(br#"{"name": "a", "versions": []}"#).is_err());
    }
}
