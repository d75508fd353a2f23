//! Links 5 to 7: npm, the read-back, the receipt.
//!
//! npm's report of success is not trusted: what the registry serves decides.

use std::time::Duration;

use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{Provenance, Work};
use ktx_policy::release_policy::Publishing;

use crate::desk::Desk;
use crate::error::{NpmFailure, PublishError};
use crate::npm::{NpmOutput, PublishCommand, line};
use crate::read_back::{self, check_current};
use crate::receipt::{Operation, OperationOutcome, Receipt};
use crate::tag_move::{MovePatience, overtaken, point};

use super::prepare::PublishPlan;
use super::report::{ProvenanceResult, PublishReport, PublishResult};

impl PublishPlan {
    /// Carries the plan out.
    pub fn execute(&self, desk: &dyn Desk) -> Result<PublishReport, PublishError> {
        let operation = match self.publishing {
            Publishing::Direct => Operation::Publish,
            Publishing::Staged => Operation::Stage,
        };
        let mut receipt = Receipt::open(operation, &self.decision, self.registry.url());
        receipt.integrity = Some(self.tarball.integrity().to_string());
        receipt.source_revision.clone_from(&self.source_revision);
        if self.decision.work != Work::Nothing {
            // In a job npm exchanges an OIDC token for each publication, and has no name before.
            if self.provenance == Provenance::Missing || self.decision.work == Work::MoveTag {
                self.npm.check_credentials(self.registry.url(), desk)?;
            }
            check_current(&self.registry, &self.decision)?;
            receipt = self.receipts.write(receipt, desk)?;
        }
        let done = self.carry_out(desk).and_then(|(result, notes)| {
            let provenance = self.attested(&result, desk)?;
            Ok((result, provenance, notes))
        });
        receipt.outcome = match &done {
            Ok((PublishResult::PublishedNotYetVisible { .. }, ..))
            | Ok((_, ProvenanceResult::NotYetVisible { .. }, _)) => OperationOutcome::PublishedNotYetVisible,
            Ok((PublishResult::Staged(_), ..)) => OperationOutcome::Staged,
            Ok(_) => OperationOutcome::Verified,
            Err(error) => OperationOutcome::after(error),
        };
        if done.is_ok() || self.decision.work != Work::Nothing {
            receipt = self.receipts.complete(receipt, desk);
        }
        let (result, provenance, notes) = done?;
        Ok(PublishReport {
            result,
            provenance,
            package: NPM_PACKAGE,
            version: self.decision.version.clone(),
            tag: self.decision.tag.clone(),
            registry: self.registry.url().clone(),
            integrity: self.tarball.integrity().to_string(),
            tags_before: receipt.tags_before.clone(),
            tags_after: self.decision.tags_after.clone(),
            notes,
            receipt: self.receipts.path().display().to_string(),
        })
    }

    fn carry_out(&self, desk: &dyn Desk) -> Result<(PublishResult, Vec<String>), PublishError> {
        match (self.decision.work, self.publishing) {
            (Work::Nothing, _) => self.verify(PublishResult::AlreadyPublished, self.patience.failure, desk),
            (Work::MoveTag, _) => {
                let patience = MovePatience {
                    moved: self.patience.publication,
                    failure: self.patience.failure,
                };
                let notes = point(&self.npm, &self.registry, &self.decision, patience, desk)?;
                Ok((PublishResult::TagMoved, notes))
            }
            (Work::Publish, Publishing::Direct) => self.publish(desk),
            (Work::Publish, Publishing::Staged) => self.stage(desk),
        }
    }

    fn publish(&self, desk: &dyn Desk) -> Result<(PublishResult, Vec<String>), PublishError> {
        let said = self.run_npm(desk)?;
        if !said.succeeded {
            return self.after_failure(said, desk);
        }
        let patience = if self.is_first {
            self.patience.first_publication
        } else {
            self.patience.publication
        };
        self.verify(PublishResult::Published, patience, desk)
    }

    pub(super) fn run_npm(&self, desk: &dyn Desk) -> Result<NpmOutput, PublishError> {
        let copy = self
            .npm
            .hand_over(self.tarball.file_name(), self.tarball.bytes())?;
        let command = PublishCommand {
            tarball: &copy,
            tag: &self.decision.tag,
            registry: self.registry.url(),
            provenance: self.provenance,
            publishing: self.publishing,
        };
        let arguments = command.arguments();
        desk.talk(&format!("running {}", line(&arguments)));
        self.npm.run(&arguments, desk)
    }

    /// npm failed. The registry may have stored the package before it answered with an error, and 403 and 409 may mean
    /// that it is there already, so it is asked.
    pub(super) fn after_failure(
        &self,
        said: NpmOutput,
        desk: &dyn Desk,
    ) -> Result<(PublishResult, Vec<String>), PublishError> {
        let failure = said.failure();
        let patience = match failure {
            NpmFailure::NotSent | NpmFailure::Unreachable => Duration::ZERO,
            NpmFailure::Credentials | NpmFailure::StageRequired | NpmFailure::Unknown => {
                self.patience.failure
            }
        };
        desk.talk(&format!(
            "npm failed with {}; asking the registry what it has",
            said.exit
        ));
        match self.look(patience, desk)? {
            read_back::Observed::NotVisible(_) => Err(PublishError::Npm {
                command: said.command,
                exit: said.exit,
                said: said.tail,
                failure,
            }),
            seen => self.judge(seen, PublishResult::Published),
        }
    }

    fn look(&self, patience: Duration, desk: &dyn Desk) -> Result<read_back::Observed, PublishError> {
        read_back::read_back(
            &self.registry,
            &self.decision,
            Some(&self.tarball),
            patience,
            desk,
        )
    }

    fn verify(
        &self,
        good: PublishResult,
        patience: Duration,
        desk: &dyn Desk,
    ) -> Result<(PublishResult, Vec<String>), PublishError> {
        let seen = self.look(patience, desk)?;
        self.judge(seen, good)
    }

    fn judge(
        &self,
        seen: read_back::Observed,
        good: PublishResult,
    ) -> Result<(PublishResult, Vec<String>), PublishError> {
        match seen {
            read_back::Observed::Done(done) => Ok((good, done.notes)),
            read_back::Observed::NotVisible(seen) => {
                Ok((PublishResult::PublishedNotYetVisible { seen }, Vec::new()))
            }
            read_back::Observed::OtherTag(seen) => Err(PublishError::WrongTag {
                version: self.decision.version.clone(),
                seen,
                fix: "run the same command again: it moves the tag up, unless a rule forbids it".to_owned(),
            }),
            read_back::Observed::Overtaken(by) => Err(overtaken(&self.decision, &by, &self.registry)),
        }
    }
}
