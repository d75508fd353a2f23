//! `dist/reports/publish-receipt.json`: what went where, and the tags before.
//!
//! A receipt is opened before npm runs and completed afterwards, so that the tags before survive an interruption. The
//! file keeps the receipts of all operations, oldest first: a rollback reads from it what a tag has pointed at.

use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::Timestamp;
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Plan, Tags};
use ktx_system::files::{self, Access};
use serde::{Deserialize, Serialize};

use crate::error::{PathError, PublishError};

/// File name in the folder of the reports.
pub const RECEIPT_FILE: &str = "publish-receipt.json";

/// Locked while the receipts change; empty, and left where it is.
const LOCK_FILE: &str = "publish-receipt.lock";

/// The file, version 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Receipts {
    schema_version: u32,
    receipts: Vec<Receipt>,
}

/// One operation on a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// What was done.
    pub operation: Operation,
    /// How far it got.
    pub outcome: Outcome,
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The dist-tag that it went under, or that was moved.
    pub tag: String,
    /// Where.
    pub registry: RegistryUrl,
    /// Integrity of the published bytes, where bytes were published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// The commit that they were built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_revision: Option<String>,
    /// The registry's tags before.
    pub tags_before: Tags,
    /// The registry's tags afterwards: as planned, or as read back when the outcome says verified.
    pub tags_after: Tags,
    /// When the operation began.
    pub started_at: Timestamp,
}

/// What can be done on a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A version was uploaded.
    Publish,
    /// A version was uploaded, for a person to approve.
    Stage,
    /// A tag was moved up.
    Promote,
    /// A tag was moved back.
    Rollback,
}

/// How far an operation got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// npm was about to run. What came of it is not known; a rerun finds out.
    Started,
    /// The registry serves what was planned.
    Verified,
    /// The registry took it but does not serve it yet.
    PublishedNotYetVisible,
    /// It waits for a person's approval.
    Staged,
    /// npm failed, and the registry shows that nothing happened.
    Failed,
}

impl Receipt {
    /// A receipt for `plan`, not yet carried out.
    pub fn open(operation: Operation, plan: &Plan, registry: &RegistryUrl) -> Self {
        Self {
            operation,
            outcome: Outcome::Started,
            package: NPM_PACKAGE.to_owned(),
            version: plan.version.clone(),
            tag: plan.tag.clone(),
            registry: registry.clone(),
            integrity: None,
            source_revision: None,
            tags_before: plan.tags_before.clone(),
            tags_after: plan.tags_after.clone(),
            started_at: Timestamp::now(),
        }
    }

    fn is_unfinished(&self) -> bool {
        matches!(self.outcome, Outcome::Started | Outcome::PublishedNotYetVisible)
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        let key = |receipt: &Self| {
            (
                receipt.operation,
                receipt.version.clone(),
                receipt.tag.clone(),
                receipt.registry.clone(),
                receipt.integrity.clone(),
            )
        };
        key(self) == key(other)
    }
}

/// The file of receipts in one folder.
#[derive(Debug, Clone)]
pub struct ReceiptBook {
    path: PathBuf,
}

impl ReceiptBook {
    /// The receipts in the folder of the reports.
    pub fn in_folder(reports: &Path) -> Self {
        Self {
            path: reports.join(RECEIPT_FILE),
        }
    }

    /// Where the receipts are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All receipts, oldest first.
    pub fn read(&self) -> Result<Vec<Receipt>, PublishError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(PathError::new("read", &self.path)(error).into()),
        };
        let unusable = |cause: String| PublishError::Forbidden {
            code: "receipt-unusable",
            message: format!("failed to read `{}`: {cause}", self.path.display()),
            hint: "move the file out of the way; it holds what the tags were before".to_owned(),
        };
        let receipts: Receipts =
            serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        if receipts.schema_version != 1 {
            return Err(unusable(format!(
                "unsupported schemaVersion {}",
                receipts.schema_version
            )));
        }
        Ok(receipts.receipts)
    }

    /// Writes a receipt, one process after the other. One that continues an unfinished operation takes its place and keeps its tags before.
    pub fn write(&self, mut receipt: Receipt) -> Result<Receipt, PublishError> {
        let _lock = self.lock()?;
        let mut receipts = self.read()?;
        match receipts
            .iter_mut()
            .rev()
            .find(|earlier| earlier.is_about_the_same(&receipt))
        {
            Some(earlier) if earlier.is_unfinished() => {
                receipt.tags_before.clone_from(&earlier.tags_before);
                receipt.started_at = earlier.started_at;
                earlier.clone_from(&receipt);
            }
            // A rerun that finds its work verified has nothing to add, and its tags before are those of today.
            Some(earlier)
                if earlier.operation == Operation::Publish && earlier.outcome == Outcome::Verified =>
            {
                return Ok(earlier.clone());
            }
            _ => receipts.push(receipt.clone()),
        }
        self.replace(&Receipts {
            schema_version: 1,
            receipts,
        })?;
        Ok(receipt)
    }

    /// Versions that the tag has pointed at on the registry, newest first, by the receipts.
    pub fn history(&self, registry: &RegistryUrl, tag: &str) -> Result<Vec<String>, PublishError> {
        let mut versions: Vec<String> = Vec::new();
        for receipt in self
            .read()?
            .iter()
            .rev()
            .filter(|receipt| receipt.registry == *registry)
        {
            let after = receipt
                .tags_after
                .get(tag)
                .filter(|_| receipt.outcome == Outcome::Verified);
            for version in after.into_iter().chain(receipt.tags_before.get(tag)) {
                if !versions.contains(version) {
                    versions.push(version.clone());
                }
            }
        }
        Ok(versions)
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Held while the file is read and replaced, so that two who publish at once both leave their receipt.
    fn lock(&self) -> Result<fs::File, PublishError> {
        let folder = self.folder();
        fs::create_dir_all(folder).map_err(PathError::new("create", folder))?;
        let path = folder.join(LOCK_FILE);
        let file = fs::File::create(&path).map_err(PathError::new("create", &path))?;
        file.file().lock().map_err(PathError::new("lock", &path))?;
        Ok(file)
    }

    fn replace(&self, receipts: &Receipts) -> Result<(), PublishError> {
        let text = ktx_manifest::json_text(receipts);
        Ok(files::write(&self.path, text.as_bytes(), Access::Readable)?)
    }
}
