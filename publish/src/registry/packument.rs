//! The [package metadata](https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md) of a registry,
//! as far as releasing needs it.

use std::collections::{BTreeMap, BTreeSet};

use ktx_policy::guard::{Integrity, PackageState, Provenance, VersionFacts};
use serde::Deserialize;

/// A package as a registry describes it. Other keys are the registry's business.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Packument {
    /// The package; a registry must answer for what it was asked.
    pub name: String,
    /// Dist-tags and the versions that they point at.
    #[serde(rename = "dist-tags", default)]
    pub tags: BTreeMap<String, String>,
    /// The versions that can be installed.
    #[serde(default)]
    pub versions: BTreeMap<String, PublishedVersion>,
    /// When each version was published; removed versions keep their entry.
    #[serde(default)]
    time: BTreeMap<String, serde_json::Value>,
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
    /// Size of the files in bytes, as whoever published it said.
    #[serde(rename = "unpackedSize", default)]
    pub unpacked_size: Option<u64>,
    /// Attestations, of which provenance is one.
    #[serde(default)]
    attestations: Option<Attestations>,
}

#[derive(Debug, Clone, Deserialize)]
struct Attestations {
    provenance: Option<serde_json::Value>,
}

impl Packument {
    /// The facts as the guard wants them.
    pub fn state(&self) -> PackageState {
        let versions = self
            .versions
            .iter()
            .map(|(version, published)| (version.clone(), self.facts(version, published)));
        PackageState {
            tags: self.tags.clone(),
            versions: versions.collect(),
            burned: self.burned(),
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
            published_at: self
                .time
                .get(version)
                .and_then(|time| time.as_str())
                .map(str::to_owned),
            deprecated: published
                .deprecated
                .as_str()
                .filter(|message| !message.is_empty())
                .map(str::to_owned),
        }
    }

    /// Numbers that have a time but no version, and those that `time.unpublished` lists.
    fn burned(&self) -> BTreeSet<String> {
        let timed = self
            .time
            .keys()
            .filter(|key| !["created", "modified", "unpublished"].contains(&key.as_str()));
        let listed = self
            .time
            .get("unpublished")
            .and_then(|removed| removed.get("versions")?.as_array());
        let listed = listed
            .into_iter()
            .flatten()
            .filter_map(|version| version.as_str());
        timed
            .map(String::as_str)
            .chain(listed)
            .filter(|version| !self.versions.contains_key(*version))
            .map(str::to_owned)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_numbers_stay_known() {
        let packument: Packument = serde_json::from_str(
            r#"{"name": "a", "dist-tags": {"latest": "1.0.0"},
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
}
