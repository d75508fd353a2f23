//! Whether a release may be published: the readiness report, gate by gate.
//!
//! The facts are gathered elsewhere; the report says for each gate what is missing and the command that mends it.

mod facts;
mod gates;
mod report;
mod text;

pub use self::facts::{Artifacts, Compared, Head, ReadinessFacts, SmokeProof, VerifiedArtifacts};
pub use self::gates::COMPLETE_PLATFORM;
pub use self::report::{Gate, GateName, NpmPublish, ReadinessReport, SmokeGate, assess};
