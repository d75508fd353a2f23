//! The dist-tag guard: may this version go under that tag, by what the registry says?
//!
//! npm's own guards vanish as soon as `--tag` is explicit: an explicit `latest` accepts a prerelease and a downgrade,
//! and a dry run over a taken version passes (seen with npm 11). Each judgement here is one pure, total function from
//! a request and registry facts to a plan or to all refusals at once.

mod commands;
mod facts;
mod plan;
mod promote;
mod publish;
mod refusal;
mod rollback;
mod rules;

pub use self::commands::Commands;
pub use self::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
pub use self::plan::{Plan, Rule, Tags, Work};
pub use self::promote::{PromoteRequest, PublishedProof, promote};
pub use self::publish::{FirstLatest, PublishRequest, TrustDowngrade, publish};
pub use self::refusal::{Foreseen, Refusal, RefusalClass, RefusalCode, Refused};
pub use self::rollback::{RollbackRequest, rollback};
