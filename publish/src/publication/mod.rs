//! Publishing as a chain: readiness, the guard, npm, the read-back, a receipt. Each link has its own refusal.
//!
//! A plan is made by the same code whether it is carried out or only shown.

mod draft;
mod execute;
mod plan;
mod read_back;

use std::time::Duration;

use ktx_policy::RegistryUrl;
use ktx_policy::guard::{FirstLatest, TrustDowngrade};

use crate::artifacts::{Built, Location};
use crate::npm::Staging;

pub(crate) use self::execute::blames_registry;
pub use self::execute::{PublishReport, PublishResult};

pub(crate) use self::draft::commands;
pub use self::draft::{Draft, draft};
pub use self::plan::{PublishPlan, plan};
pub use self::read_back::{Expectation, Sight, read_back};

/// What is to be published, and how.
#[derive(Debug, Clone)]
pub struct PublishOptions {
    /// Where the artifacts lie.
    pub location: Location,
    /// What they must be.
    pub built: Built,
    /// The dist-tag.
    pub tag: String,
    /// The registry that was asked for; must be the policy's when that names one.
    pub registry: Option<RegistryUrl>,
    /// Whether a first version may become `latest` although it is a prerelease.
    pub first_latest: FirstLatest,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
    /// Whether a person approves the publication.
    pub staging: Staging,
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
    /// After npm reported a failure that may have come too late to stop it.
    pub failure: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            publication: Duration::from_secs(10 * 60),
            first_publication: Duration::from_secs(60 * 60),
            failure: Duration::from_secs(20),
        }
    }
}
