//! How a publication ended.

use ktx_policy::RegistryUrl;
use ktx_policy::guard::Tags;
use ktx_provenance::Provenance;
use serde::Serialize;

/// The outcome of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishReport {
    /// How it ended.
    pub result: PublishResult,
    /// Who built it, as read back.
    pub provenance: ProvenanceResult,
    /// The package.
    pub package: &'static str,
    /// The version.
    pub version: String,
    /// The dist-tag.
    pub tag: String,
    /// Where.
    pub registry: RegistryUrl,
    /// The integrity of its bytes.
    pub integrity: String,
    /// The tags before.
    pub tags_before: Tags,
    /// The tags afterwards, as planned.
    pub tags_after: Tags,
    /// What else moved meanwhile.
    pub notes: Vec<String>,
    /// The file with the receipt.
    pub receipt: String,
}

/// How a publication ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PublishResult {
    /// The registry serves it as planned.
    Published,
    /// It was there already, with these bytes.
    AlreadyPublished,
    /// It was there already, and its tag has been moved up to it.
    TagMoved,
    /// npm reports that it published, and the registry does not serve it; what it serves instead.
    PublishedNotYetVisible {
        /// What was seen last.
        seen: String,
    },
    /// The registry keeps it until it is approved.
    Staged(StagedVersion),
}

/// What the attestations that the registry serves say about the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ProvenanceResult {
    /// There is nothing to look at; why.
    NotChecked {
        /// The reason.
        why: &'static str,
    },
    /// The release workflow built it, at the commit that the package names.
    Verified(Provenance),
    /// It should have some, and the registry does not serve it; what it serves instead.
    NotYetVisible {
        /// What was seen last.
        seen: String,
    },
}

/// A version that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StagedVersion {
    /// The registry's name for it, a UUID.
    pub id: String,
    /// What is known about the bytes that the registry keeps.
    pub bytes: StagedBytes,
    /// The command that publishes it.
    pub approve: String,
    /// The command that throws it away.
    pub reject: String,
}

/// What is known about the bytes of a staged version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StagedBytes {
    /// They were fetched, and are the built ones.
    Same,
    /// npm could not fetch them; why.
    NotFetched {
        /// The tail of npm's output.
        cause: String,
    },
}
