//! Publishing as a chain: readiness, the guard, npm, the read-back, a receipt. Each link has its own refusal.
//!
//! The same code prepares it, whether it is executed or only shown.

mod attested;
mod execute;
mod prepare;
mod preview;
mod report;
mod stage;

use std::time::Duration;

use ktx_policy::RegistryUrl;
use ktx_policy::guard::{FirstLatest, Released, TrustDowngrade};
use ktx_policy::readiness::SourceFacts;

use crate::artifacts::Location;

pub use self::prepare::{Prepared, PublishPlan, prepare};
pub use self::preview::Preview;
pub use self::report::{ProvenanceResult, PublishReport, PublishResult, StagedBytes, StagedVersion};
pub use self::stage::{FetchedStage, fetch_staged};

/// What to publish, and how.
#[derive(Debug, Clone)]
pub struct PublishOptions {
    /// Where the artifacts are.
    pub location: Location,
    /// What they must be.
    pub sources: SourceFacts,
    /// What the git tags and the release pages say.
    pub released: Released,
    /// The dist-tag.
    pub tag: String,
    /// The requested registry; must be the policy's when that names one.
    pub registry: Option<RegistryUrl>,
    /// Whether a first version may become `latest` although it is a prerelease.
    pub first_latest: FirstLatest,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
    /// The text of another trusted root than the pinned one.
    pub trusted_root: Option<String>,
    /// How long the registry may take.
    pub patience: Patience,
    /// Whether the plan is made to be carried out.
    pub intent: Intent,
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// To be looked at. A job that only shows the plan needs no OIDC token.
    Show,
    /// To be carried out.
    Execute,
}

/// How long the registry may take to serve what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After a publication.
    pub publication: Duration,
    /// After the first publication of a package, which registries announce late.
    pub first_publication: Duration,
    /// Before the attestations of a version that it serves are there.
    pub provenance: Duration,
    /// After npm reported a failure that may have come too late to stop it.
    pub failure: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            publication: Duration::from_secs(10 * 60),
            first_publication: Duration::from_secs(60 * 60),
            provenance: Duration::from_secs(5 * 60),
            failure: Duration::from_secs(20),
        }
    }
}
