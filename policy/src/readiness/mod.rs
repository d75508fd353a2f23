//! Whether a release may be published: the readiness report, gate by gate.
//!
//! The facts are gathered elsewhere; the report says for each gate what is missing and the command that opens it.

pub mod examples;
mod facts;
mod gate;
mod gates;
mod report;
mod text;

pub use self::facts::{
    Artifacts, CodeSignature, Compared, Head, ReadinessFacts, SmokeProof, SourceFacts, VerifiedArtifacts,
};
pub use self::gate::{Gate, GateName, GateState};
pub use self::gates::COMPLETE_PLATFORM;
pub use self::report::{NotReadyKind, NpmPublish, ReadinessReport, SmokeGate, assess};
