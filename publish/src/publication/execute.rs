//! Links 5 to 7: npm, the read-back, the receipt.
//!
//! What npm says about success is not believed: the registry is asked, and what it serves decides.

use std::time::Duration;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Tags, Work};
use serde::Serialize;

use crate::desk::Desk;
use crate::error::{PathError, PublishError};
use crate::npm::{Said, StagedPackage, Staging, line, tag_list};
use crate::receipt::{Operation, Outcome, Receipt};

use super::plan::PublishPlan;
use super::read_back::{Expectation, Sight, read_back};

/// What came of a publication.
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
    /// The registry took it but does not serve it yet; what it serves instead.
    PublishedNotYetVisible {
        /// What was seen last.
        seen: String,
    },
    /// The registry keeps it for a person to approve.
    Staged {
        /// The registry's name for it.
        id: String,
        /// The command with which a person approves it.
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
        let mut receipt = Receipt::open(operation, &self.guard, self.registry.url());
        receipt.integrity = Some(self.tarball.integrity().to_string());
        receipt.source_revision.clone_from(&self.source_revision);
        let result = match self.guard.work {
            Work::Nothing => {
                let result = self.verify(PublishResult::AlreadyPublished, self.patience.failure, desk)?;
                self.close(&mut receipt, &result)?;
                result
            }
            Work::Publish | Work::MoveTag => {
                receipt = self.receipts.write(receipt)?;
                let result = match self.staging {
                    Staging::Direct => self.publish(&mut receipt, desk)?,
                    Staging::Staged => self.stage(&mut receipt, desk)?,
                };
                self.close(&mut receipt, &result)?;
                result
            }
        };
        Ok(self.report(result, &receipt))
    }

    fn publish(&self, receipt: &mut Receipt, desk: &dyn Desk) -> Result<PublishResult, PublishError> {
        let said = self.run_npm(desk)?;
        if !said.succeeded {
            self.was_stored_all_the_same(&said, receipt, desk)?;
        }
        let patience = if self.is_first {
            self.patience.first_publication
        } else {
            self.patience.publication
        };
        self.verify(PublishResult::Published, patience, desk)
    }

    fn run_npm(&self, desk: &dyn Desk) -> Result<Said, PublishError> {
        let copy = self
            .npm
            .hand_over(self.tarball.file_name(), self.tarball.bytes())?;
        let arguments = self.publication(&copy).arguments();
        desk.talk(&format!("running {}", line(&arguments)));
        self.npm.run(&arguments, desk)
    }

    /// npm failed. A registry may have stored the package before it answered with an error, so it is asked.
    fn was_stored_all_the_same(
        &self,
        said: &Said,
        receipt: &mut Receipt,
        desk: &dyn Desk,
    ) -> Result<(), PublishError> {
        let registry_is_to_blame = blames_registry(&said.stdout) || blames_registry(&said.tail);
        let patience = if registry_is_to_blame {
            self.patience.failure
        } else {
            Duration::ZERO
        };
        desk.talk(&format!(
            "npm failed with {}; asking the registry what it has",
            said.exit
        ));
        if let Sight::NotYet(_) = self.look(patience, desk)? {
            receipt.outcome = Outcome::Failed;
            self.receipts.write(receipt.clone())?;
            return Err(PublishError::Npm {
                command: said.command.clone(),
                exit: said.exit.clone(),
                said: said.tail.clone(),
                registry: registry_is_to_blame,
            });
        }
        Ok(())
    }

    fn look(&self, patience: Duration, desk: &dyn Desk) -> Result<Sight, PublishError> {
        let expectation = Expectation {
            version: &self.guard.version,
            tarball: Some(&self.tarball),
            tags: &self.guard.tags_after,
        };
        read_back(&self.registry, &expectation, patience, desk)
    }

    fn verify(
        &self,
        good: PublishResult,
        patience: Duration,
        desk: &dyn Desk,
    ) -> Result<PublishResult, PublishError> {
        match self.look(patience, desk)? {
            Sight::AsExpected => Ok(good),
            Sight::NotYet(seen) => Ok(PublishResult::PublishedNotYetVisible { seen }),
            Sight::OtherTags(seen) => Err(PublishError::TagsDiffer {
                version: self.guard.version.clone(),
                seen,
                list: tag_list(self.registry.url()),
            }),
        }
    }

    /// Hands the package to the registry's waiting room, and compares what lies there.
    fn stage(&self, receipt: &mut Receipt, desk: &dyn Desk) -> Result<PublishResult, PublishError> {
        let said = self.run_npm(desk)?;
        let failed = |said: &Said| PublishError::Npm {
            command: said.command.clone(),
            exit: said.exit.clone(),
            said: said.tail.clone(),
            registry: blames_registry(&said.stdout) || blames_registry(&said.tail),
        };
        let Some(id) = stage_id(&said.stdout).filter(|_| said.succeeded) else {
            receipt.outcome = Outcome::Failed;
            self.receipts.write(receipt.clone())?;
            return Err(failed(&said));
        };
        let staged = StagedPackage {
            id: &id,
            registry: self.registry.url(),
        };
        let download = self.npm.run(&staged.download(), desk)?;
        if !download.succeeded {
            return Err(failed(&download));
        }
        let name = format!("kaelio-ktx-{}-{id}.tgz", self.guard.version);
        let path = self.npm.folder().join(name);
        let bytes = fs_err::read(&path).map_err(PathError::new("read", &path))?;
        if self.tarball.is(&bytes) {
            let approve = line(&staged.approve());
            return Ok(PublishResult::Staged { id, approve });
        }
        receipt.outcome = Outcome::Failed;
        self.receipts.write(receipt.clone())?;
        Err(PublishError::Integrity {
            message: format!(
                "the registry staged other bytes for {NPM_PACKAGE}@{}",
                self.guard.version
            ),
            hint: line(&staged.reject()),
        })
    }

    fn close(&self, receipt: &mut Receipt, result: &PublishResult) -> Result<(), PublishError> {
        receipt.outcome = match result {
            PublishResult::Published | PublishResult::AlreadyPublished => Outcome::Verified,
            PublishResult::PublishedNotYetVisible { .. } => Outcome::PublishedNotYetVisible,
            PublishResult::Staged { .. } => Outcome::Staged,
        };
        *receipt = self.receipts.write(receipt.clone())?;
        Ok(())
    }

    fn report(&self, result: PublishResult, receipt: &Receipt) -> PublishReport {
        PublishReport {
            result,
            package: NPM_PACKAGE,
            version: self.guard.version.clone(),
            tag: self.guard.tag.clone(),
            registry: self.registry.url().clone(),
            integrity: self.tarball.integrity().to_string(),
            tags_before: receipt.tags_before.clone(),
            tags_after: self.guard.tags_after.clone(),
            receipt: self.receipts.path().display().to_string(),
        }
    }
}

/// Whether npm's words name an answer of the registry, or none: the package may have been stored all the same.
pub(crate) fn blames_registry(said: &str) -> bool {
    let is_code = |word: &str| {
        let is_server_error =
            word.len() == 4 && word.starts_with("E5") && word[2..].bytes().all(|byte| byte.is_ascii_digit());
        is_server_error
            || [
                "E409",
                "E429",
                "ECONNRESET",
                "ECONNREFUSED",
                "ECONNABORTED",
                "ETIMEDOUT",
                "ENOTFOUND",
                "EAI_AGAIN",
                "EPIPE",
                "ENETUNREACH",
                "EHOSTUNREACH",
                "ERR_SOCKET_TIMEOUT",
            ]
            .contains(&word)
    };
    said.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .any(is_code)
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
    fn tells_the_registrys_errors_from_npms_own() {
        for said in [
            "npm error code E503",
            "\"code\": \"E500\"",
            "code ECONNRESET",
            "E409 Conflict",
        ] {
            assert!(blames_registry(said), "{said}");
        }
        for said in ["npm error code E403", "ENEEDAUTH", "E50", "E5031", "EOTP"] {
            assert!(!blames_registry(said), "{said}");
        }
    }

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
