//! Links 5 to 7: npm, the read-back, the receipt.
//!
//! npm's report of success is not trusted: what the registry serves decides.

use std::time::Duration;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Provenance, Tags, Work};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::{NpmFailure, PathError, PublishError};
use crate::npm::{NpmOutput, PublishCommand, StagedPackage, Staging, line};
use crate::read_back::{self, check_current};
use crate::receipt::{Operation, OperationOutcome, Receipt};
use crate::tag_move::{MovePatience, overtaken, point};

use super::prepare::PublishPlan;

/// The outcome of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishReport {
    /// How it ended.
    pub result: PublishResult,
    /// The package.
    pub package: &'static str,
    /// The version.
    pub version: String,
    /// The dist-tag.
    pub tag: String,
    /// Where.
    pub registry: RegistryUrl,
    /// The integrity of its bytes.
    pub integrity: String,
    /// The tags before.
    pub tags_before: Tags,
    /// The tags afterwards, as planned.
    pub tags_after: Tags,
    /// What else moved meanwhile.
    pub notes: Vec<String>,
    /// The file with the receipt.
    pub receipt: String,
}

/// How a publication ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PublishResult {
    /// The registry serves it as planned.
    Published,
    /// It was there already, with these bytes.
    AlreadyPublished,
    /// It was there already, and its tag has been moved up to it.
    TagMoved,
    /// The registry took it but does not serve it yet; what it serves instead.
    PublishedNotYetVisible {
        /// What was seen last.
        seen: String,
    },
    /// The registry keeps it until it is approved.
    Staged {
        /// The registry's name for it.
        id: String,
        /// The command that approves it.
        approve: String,
    },
}

impl PublishPlan {
    /// Carries the plan out.
    pub fn execute(&self, desk: &dyn Desk) -> Result<PublishReport, PublishError> {
        let operation = match self.staging {
            Staging::Direct => Operation::Publish,
            Staging::Staged => Operation::Stage,
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
        let done = self.carry_out(desk);
        receipt.outcome = match &done {
            Ok((PublishResult::PublishedNotYetVisible { .. }, _)) => OperationOutcome::PublishedNotYetVisible,
            Ok((PublishResult::Staged { .. }, _)) => OperationOutcome::Staged,
            Ok(_) => OperationOutcome::Verified,
            Err(error) => OperationOutcome::after(error),
        };
        if done.is_ok() || self.decision.work != Work::Nothing {
            receipt = self.receipts.write(receipt, desk)?;
        }
        let (result, notes) = done?;
        Ok(self.report(result, notes, &receipt))
    }

    fn carry_out(&self, desk: &dyn Desk) -> Result<(PublishResult, Vec<String>), PublishError> {
        match (self.decision.work, self.staging) {
            (Work::Nothing, _) => self.verify(PublishResult::AlreadyPublished, self.patience.failure, desk),
            (Work::MoveTag, _) => {
                let patience = MovePatience {
                    moved: self.patience.publication,
                    failure: self.patience.failure,
                };
                let notes = point(&self.npm, &self.registry, &self.decision, patience, desk)?;
                Ok((PublishResult::TagMoved, notes))
            }
            (Work::Publish, Staging::Direct) => self.publish(desk),
            (Work::Publish, Staging::Staged) => Ok((self.stage(desk)?, Vec::new())),
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

    fn run_npm(&self, desk: &dyn Desk) -> Result<NpmOutput, PublishError> {
        let copy = self
            .npm
            .hand_over(self.tarball.file_name(), self.tarball.bytes())?;
        let command = PublishCommand {
            tarball: &copy,
            tag: &self.decision.tag,
            registry: self.registry.url(),
            provenance: self.provenance,
            staging: self.staging,
        };
        let arguments = command.arguments();
        desk.talk(&format!("running {}", line(&arguments)));
        self.npm.run(&arguments, desk)
    }

    /// npm failed. The registry may have stored the package before it answered with an error, and 403 and 409 may mean
    /// that it is there already, so it is asked.
    fn after_failure(
        &self,
        said: NpmOutput,
        desk: &dyn Desk,
    ) -> Result<(PublishResult, Vec<String>), PublishError> {
        let failure = said.failure();
        let patience = match failure {
            NpmFailure::NotSent | NpmFailure::Unreachable => Duration::ZERO,
            NpmFailure::Credentials | NpmFailure::Unknown => self.patience.failure,
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
            read_back::Observed::Done(notes) => Ok((good, notes)),
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

    /// Stages the package on the registry, and compares what it stores.
    fn stage(&self, desk: &dyn Desk) -> Result<PublishResult, PublishError> {
        let said = self.run_npm(desk)?;
        let failed = |said: NpmOutput| PublishError::Npm {
            failure: said.failure(),
            command: said.command,
            exit: said.exit,
            said: said.tail,
        };
        let Some(id) = stage_id(&said.stdout).filter(|_| said.succeeded) else {
            return Err(failed(said));
        };
        let staged = StagedPackage {
            id: &id,
            registry: self.registry.url(),
        };
        let download = self.npm.run(&staged.download(), desk)?;
        if !download.succeeded {
            return Err(failed(download));
        }
        let name = format!("kaelio-ktx-{}-{id}.tgz", self.decision.version);
        let path = self.npm.folder().join(name);
        let bytes = fs_err::read(&path).map_err(PathError::new("read", &path))?;
        if self.tarball.is(&bytes) {
            let approve = line(&staged.approve());
            return Ok(PublishResult::Staged { id, approve });
        }
        Err(PublishError::Integrity {
            message: format!(
                "the registry staged other bytes for {NPM_PACKAGE}@{}",
                self.decision.version
            ),
            hint: line(&staged.reject()),
        })
    }

    fn report(&self, result: PublishResult, notes: Vec<String>, receipt: &Receipt) -> PublishReport {
        PublishReport {
            result,
            package: NPM_PACKAGE,
            version: self.decision.version.clone(),
            tag: self.decision.tag.clone(),
            registry: self.registry.url().clone(),
            integrity: self.tarball.integrity().to_string(),
            tags_before: receipt.tags_before.clone(),
            tags_after: self.decision.tags_after.clone(),
            notes,
            receipt: self.receipts.path().display().to_string(),
        }
    }
}

/// `stageId` of npm's JSON, which is keyed by package.
fn stage_id(stdout: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(stdout).ok()?;
    let find = |value: &serde_json::Value| value.get("stageId")?.as_str().map(str::to_owned);
    find(&document).or_else(|| document.as_object()?.values().find_map(find))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_stage_id_where_npm_puts_it() {
        assert_eq!(
            stage_id(r#"{"@kaelio/ktx": {"stageId": "a-b"}}"#).as_deref(),
            Some("a-b")
        );
        assert_eq!(stage_id(r#"{"stageId": "a-b"}"#).as_deref(), Some("a-b"));
        assert_eq!(stage_id(r#"{"@kaelio/ktx": {}}"#), None);
        assert_eq!(stage_id("no JSON"), None);
    }
}
