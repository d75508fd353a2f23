//! `dist/reports/publish-receipt.json`: what went where, and the tags before.
//!
//! A receipt is opened before npm runs and completed afterwards, so that the tags before survive an interruption. The
//! file keeps the receipts of all operations, oldest first: a rollback reads from it what a tag pointed at.

use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::Timestamp;
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Decision, PastRollback, Tags, Witnesses};
use ktx_system::files::{self, Access};
use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::error::{NpmFailure, PathError, PublishError};

/// File name in the folder of the reports.
pub const RECEIPT_FILE: &str = "publish-receipt.json";

/// Locked while the receipts change; empty, and left where it is.
const LOCK_FILE: &str = "publish-receipt.lock";

/// The file, version 1.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipts {
    schema_version: u32,
    receipts: Vec<Receipt>,
}

/// The file as it is read: a receipt that makes no sense does not affect the others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawReceipts {
    schema_version: u32,
    receipts: Vec<serde_json::Value>,
}

/// One operation on a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// What was done.
    pub operation: Operation,
    /// How far it got.
    pub outcome: OperationOutcome,
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
    /// A version was uploaded and waits for approval.
    Stage,
    /// A tag was moved up.
    Promote,
    /// A tag was moved back.
    Rollback,
}

/// How far an operation got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationOutcome {
    /// npm was about to run. The outcome is not known; a rerun finds out.
    Started,
    /// The registry serves what was planned.
    Verified,
    /// The registry took it but does not serve it yet.
    PublishedNotYetVisible,
    /// It waits for approval.
    Staged,
    /// The registry has the version, and its tag is somewhere else.
    WrongTag,
    /// npm failed, and the registry does not show the change, which it may show later.
    Unknown,
    /// npm failed before it sent anything, or other bytes were found.
    Failed,
}

impl OperationOutcome {
    /// How far the operation got that ended with `error`.
    pub(crate) fn after(error: &PublishError) -> Self {
        match error {
            PublishError::WrongTag { .. } => Self::WrongTag,
            PublishError::NotYetVisible { .. } => Self::PublishedNotYetVisible,
            PublishError::Interrupted => Self::Started,
            PublishError::Npm {
                failure: NpmFailure::NotSent,
                ..
            }
            | PublishError::Integrity { .. } => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

impl Receipt {
    /// A receipt for `decision`, not yet carried out.
    pub fn open(operation: Operation, decision: &Decision, registry: &RegistryUrl) -> Self {
        Self {
            operation,
            outcome: OperationOutcome::Started,
            package: NPM_PACKAGE.to_owned(),
            version: decision.version.clone(),
            tag: decision.tag.clone(),
            registry: registry.clone(),
            integrity: None,
            source_revision: None,
            tags_before: decision.tags_before.clone(),
            tags_after: decision.tags_after.clone(),
            started_at: Timestamp::now(),
        }
    }

    fn is_unfinished(&self) -> bool {
        matches!(
            self.outcome,
            OperationOutcome::Started
                | OperationOutcome::Unknown
                | OperationOutcome::WrongTag
                | OperationOutcome::PublishedNotYetVisible
        )
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

    /// All receipts that can be read, oldest first. One that cannot be read is a warning: what it says is found in the
    /// registry and the git tags, too.
    pub fn read(&self, desk: &dyn Desk) -> Vec<Receipt> {
        let (receipts, problems) = self.readable();
        for problem in problems {
            desk.warn(&format!("a receipt is not used: {problem}"));
        }
        receipts
    }

    /// The receipts, and why others cannot be read.
    pub fn readable(&self) -> (Vec<Receipt>, Vec<String>) {
        let path = self.path.display();
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Vec::new(), Vec::new()),
            Err(error) => return (Vec::new(), vec![error.to_string()]),
        };
        let unusable = |cause: String| (Vec::new(), vec![format!("failed to read `{path}`: {cause}")]);
        let file: RawReceipts = match serde_json::from_slice(&bytes) {
            Ok(file) => file,
            Err(error) => return unusable(error.to_string()),
        };
        if file.schema_version != 1 {
            return unusable(format!("unsupported schemaVersion {}", file.schema_version));
        }
        let mut readable = (Vec::new(), Vec::new());
        for (index, receipt) in file.receipts.into_iter().enumerate() {
            match serde_json::from_value(receipt) {
                Ok(receipt) => readable.0.push(receipt),
                Err(error) => readable
                    .1
                    .push(format!("failed to read `{path}`: receipt {}: {error}", index + 1)),
            }
        }
        readable
    }

    /// Writes a receipt, one process after the other. One that continues an unfinished operation takes its place and
    /// keeps its tags before. A file that cannot be read is kept under another name.
    pub fn write(&self, mut receipt: Receipt, desk: &dyn Desk) -> Result<Receipt, PublishError> {
        let _lock = self.lock()?;
        let (mut receipts, problems) = self.readable();
        if !problems.is_empty() {
            self.put_aside(desk)?;
        }
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
                if earlier.operation == Operation::Publish
                    && earlier.outcome == OperationOutcome::Verified =>
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

    /// Writes down how an operation ended. It has happened by then, so a receipt that cannot be written is a warning.
    pub(crate) fn complete(&self, receipt: Receipt, desk: &dyn Desk) -> Receipt {
        self.write(receipt.clone(), desk).unwrap_or_else(|error| {
            desk.warn(&format!("the receipt is not complete: {error}"));
            receipt
        })
    }

    fn put_aside(&self, desk: &dyn Desk) -> Result<(), PublishError> {
        let mut names = (1..).map(|number| self.path.with_extension(format!("unreadable-{number}.json")));
        let free = names.find(|path| fs::symlink_metadata(path).is_err());
        let aside = free.unwrap_or_else(|| self.path.with_extension("unreadable.json"));
        if self.path.is_file() {
            fs::copy(&self.path, &aside).map_err(PathError::new("copy", &self.path))?;
        } else {
            fs::rename(&self.path, &aside).map_err(PathError::new("rename", &self.path))?;
        }
        desk.warn(&format!(
            "the receipts that cannot be read are kept in `{}`",
            aside.display()
        ));
        Ok(())
    }

    /// What the receipts say about where the tag was, newest first.
    pub fn witnesses(&self, registry: &RegistryUrl, tag: &str, desk: &dyn Desk) -> Witnesses {
        let mut witnesses = Witnesses::default();
        let own = |receipt: &Receipt| receipt.registry == *registry;
        let receipts: Vec<Receipt> = self.read(desk).into_iter().filter(own).collect();
        // Versions that the tag was moved to after it had left them.
        let mut reinstated = Vec::new();
        let mut is_last = true;
        for receipt in receipts.iter().rev() {
            let before = receipt.tags_before.get(tag);
            let after = receipt
                .tags_after
                .get(tag)
                .filter(|_| receipt.outcome == OperationOutcome::Verified);
            for version in after.into_iter().chain(before) {
                if !witnesses.receipts.contains(version) {
                    witnesses.receipts.push(version.clone());
                }
            }
            if receipt.tag != tag || receipt.outcome != OperationOutcome::Verified {
                continue;
            }
            if let (Operation::Rollback, Some(broken), Some(to)) = (receipt.operation, before, after) {
                if !reinstated.contains(broken) {
                    witnesses.withdrawn.push(broken.clone());
                }
                witnesses.last_rollback = is_last
                    .then(|| PastRollback {
                        broken: broken.clone(),
                        to: to.clone(),
                    })
                    .or(witnesses.last_rollback);
            }
            reinstated.extend(after.cloned());
            is_last = false;
        }
        witnesses
    }

    /// Versions that the registry served, by the receipts of publications.
    pub fn served(&self, registry: &RegistryUrl, desk: &dyn Desk) -> Vec<String> {
        let receipts = self.read(desk).into_iter();
        receipts
            .filter(|receipt| receipt.registry == *registry && receipt.operation == Operation::Publish)
            .filter(|receipt| receipt.outcome == OperationOutcome::Verified)
            .map(|receipt| receipt.version)
            .collect()
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
