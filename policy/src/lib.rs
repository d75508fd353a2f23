//! Decides what may be released: the release policy, the channels of versions, the dist-tag guard, readiness.
//!
//! Pure and total: facts in, findings, plans and refusals out. No file system, process, clock or network: `ktx-publish`
//! gathers the facts and carries out the plans.

pub mod audit;
pub mod budgets;
pub mod changelog;
pub mod guard;
pub mod mode_rules;
pub mod preflight;
pub mod readiness;
mod registry_url;
pub mod release_policy;
mod tag;
mod version;

pub use self::registry_url::{InvalidRegistryUrl, RegistryUrl};
pub use self::release_policy::ReleasePolicy;
pub use self::tag::{DistTag, InvalidTag};
pub use self::version::{
    BranchSlug, Bump, Channel, Disagreement, InvalidLane, InvalidSlug, InvalidVersion, Lane, NextChannel,
    ReleaseVersion, ReleasedVersions, next_version,
};
