//! The dist-tag guard: may this version go under that tag, by what the registry says?
//!
//! npm's own guards vanish as soon as `--tag` is explicit: an explicit `latest` accepts a prerelease and a downgrade,
//! and a dry run over a taken version passes (seen with npm 11). Each judgement here is one pure, total function from
//! a request and registry facts to a decision or to all refusals at once; [`look`] judges the outcome.

mod case;
mod commands;
mod decision;
mod existing;
mod facts;
mod history;
mod lanes;
mod promote;
mod publish;
mod refusal;
mod request;
mod rollback;
mod rules;
mod sight;

pub use self::commands::Commands;
pub use self::decision::{Decision, Rule, RuleResult, RuleState, Tags, Work};
pub use self::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
pub use self::history::{PastRollback, ReleasePage, Released, Witnesses};
pub use self::promote::{PromoteRequest, ProvenanceVerdict, PublishedProof, promote};
pub use self::publish::publish;
pub use self::refusal::{NextStep, Refusal, RefusalClass, RefusalCode, Refused};
pub use self::request::{FirstLatest, PublishRequest, TrustDowngrade};
pub use self::rollback::{RollbackRequest, rollback};
pub use self::sight::{Sight, look, outdated};
