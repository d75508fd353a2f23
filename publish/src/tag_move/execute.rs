//! Runs the command that moves the tag, and reads back what came of it.

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Tags, Work};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::PublishError;
use crate::publication::{Expectation, Sight, read_back};
use crate::receipt::{Outcome, Receipt};

use super::plan::MovePlan;

/// What came of a move.
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
        if self.guard.work == Work::Nothing {
            return Ok(self.report(MoveResult::AlreadyThere));
        }
        let mut receipt =
            self.receipts
                .write(Receipt::open(self.operation, &self.guard, self.registry.url()))?;
        let arguments = self.tag_move().arguments();
        desk.talk(&format!("running {}", crate::npm::line(&arguments)));
        let said = self.npm.run(&arguments, desk)?;
        let patience = if said.succeeded {
            self.patience
        } else {
            std::time::Duration::ZERO
        };
        let expectation = Expectation {
            version: &self.guard.version,
            tarball: None,
            tags: &self.guard.tags_after,
        };
        let sight = read_back(&self.registry, &expectation, patience, desk)?;
        receipt.outcome = if sight == Sight::AsExpected {
            Outcome::Verified
        } else {
            Outcome::Failed
        };
        self.receipts.write(receipt)?;
        match sight {
            Sight::AsExpected => Ok(self.report(MoveResult::Moved)),
            Sight::OtherTags(_) | Sight::NotYet(_) if !said.succeeded => Err(PublishError::Npm {
                registry: crate::publication::blames_registry(&said.tail),
                command: said.command,
                exit: said.exit,
                said: said.tail,
            }),
            Sight::OtherTags(seen) | Sight::NotYet(seen) => Err(PublishError::TagsDiffer {
                version: self.guard.version.clone(),
                seen,
                list: crate::npm::tag_list(self.registry.url()),
            }),
        }
    }

    fn report(&self, result: MoveResult) -> MoveReport {
        MoveReport {
            result,
            package: NPM_PACKAGE,
            version: self.guard.version.clone(),
            tag: self.guard.tag.clone(),
            registry: self.registry.url().clone(),
            tags_before: self.guard.tags_before.clone(),
            tags_after: self.guard.tags_after.clone(),
        }
    }
}
