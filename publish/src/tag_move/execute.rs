//! Runs the command that moves the tag, and reads back the outcome.

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use std::time::Duration;

use ktx_policy::guard::{Tags, Work};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::PublishError;
use crate::read_back::check_current;
use crate::receipt::{OperationOutcome, Receipt};

use super::plan::MovePlan;
use super::point::{MovePatience, point};

/// How long the registry is asked after npm failed.
const FAILURE_PATIENCE: Duration = Duration::from_secs(20);

/// The outcome of a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveReport {
    /// How it ended.
    pub result: MoveResult,
    /// The package.
    pub package: &'static str,
    /// The version.
    pub version: String,
    /// The dist-tag.
    pub tag: String,
    /// Where.
    pub registry: RegistryUrl,
    /// The tags before.
    pub tags_before: Tags,
    /// The tags afterwards.
    pub tags_after: Tags,
    /// What else moved meanwhile.
    pub notes: Vec<String>,
}

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoveResult {
    /// The tag points at the version, as read back.
    Moved,
    /// It did so before.
    AlreadyThere,
}

impl MovePlan {
    /// Carries the plan out.
    pub fn execute(&self, desk: &dyn Desk) -> Result<MoveReport, PublishError> {
        if self.decision.work == Work::Nothing {
            // The plan may come from an old answer.
            check_current(&self.registry, &self.decision)?;
            return Ok(self.report(MoveResult::AlreadyThere, Vec::new()));
        }
        self.npm.check_credentials(self.registry.url(), desk)?;
        check_current(&self.registry, &self.decision)?;
        let receipt = Receipt::open(self.operation, &self.decision, self.registry.url());
        let mut receipt = self.receipts.write(receipt, desk)?;
        let patience = MovePatience {
            moved: self.patience,
            failure: self.patience.min(FAILURE_PATIENCE),
        };
        let moved = point(&self.npm, &self.registry, &self.decision, patience, desk);
        receipt.outcome = match &moved {
            Ok(_) => OperationOutcome::Verified,
            Err(error) => OperationOutcome::after(error),
        };
        self.receipts.complete(receipt, desk);
        Ok(self.report(MoveResult::Moved, moved?))
    }

    fn report(&self, result: MoveResult, notes: Vec<String>) -> MoveReport {
        MoveReport {
            result,
            package: NPM_PACKAGE,
            version: self.decision.version.clone(),
            tag: self.decision.tag.clone(),
            registry: self.registry.url().clone(),
            tags_before: self.decision.tags_before.clone(),
            tags_after: self.decision.tags_after.clone(),
            notes,
        }
    }
}
