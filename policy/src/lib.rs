//! Decides what may be released: the release policy, the channels of versions, the dist-tag guard, readiness.
//!
//! Pure and total: facts in, findings, plans and refusals out. No file system, process, clock or network; whoever
//! gathers the facts and acts on the plans is `ktx-publish`.

mod finding;
pub mod guard;
pub mod mode_rules;
mod platform;
pub mod preflight;
pub mod readiness;
mod registry_url;
pub mod release_policy;
mod tag;
mod version;

pub use self::finding::{Finding, Place};
pub use self::platform::Platform;
pub use self::registry_url::{InvalidRegistryUrl, RegistryUrl};
pub use self::release_policy::{NPM_PACKAGE, PYTHON_PACKAGE, ReleasePolicy};
pub use self::tag::{DistTag, InvalidTag};
pub use self::version::{
    BranchSlug, Bump, Channel, Disagreement, InvalidSlug, InvalidVersion, NextChannel, ReleaseVersion,
    ReleasedVersions, next_version,
};
