//! What a publication asks the guard for.

use crate::version::Lane;

use super::commands::Commands;
use super::facts::{Integrity, Provenance};

/// What is to be published, and how.
#[derive(Debug, Clone)]
pub struct PublishRequest<'a> {
    /// The version of the package, as its manifest has it.
    pub version: &'a str,
    /// The requested dist-tag.
    pub tag: &'a str,
    /// `npm.tag` of the release policy.
    pub policy_tag: &'a str,
    /// `npm.lanes` of the release policy.
    pub lanes: &'a [Lane],
    /// The tarball's integrity; `None` as long as there is no tarball.
    pub integrity: Option<&'a Integrity>,
    /// Whether the publication will carry provenance.
    pub provenance: Provenance,
    /// Whether a first version may become `latest` although it is a prerelease.
    pub first_latest: FirstLatest,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
    /// What proposed commands must carry.
    pub commands: &'a Commands,
}

/// Whether a first version may become `latest` although it is a prerelease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLatest {
    /// `--accept-first-latest`
    Accepted,
    /// The default.
    Refused,
}

/// Whether a version without provenance may follow one with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustDowngrade {
    /// `--accept-trust-downgrade`
    Accepted,
    /// The default.
    Refused,
}
