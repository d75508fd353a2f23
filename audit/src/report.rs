//! `dist/reports/audit.json`: everything that was found about the locked packages, waived or not. Written by
//! `cargo xtask audit`, read by readiness, which judges it by the policy and the date of the day.

use jiff::Timestamp;
use ktx_manifest::smoke_report::SchemaVersion;
use serde::{Deserialize, Serialize};

use crate::ecosystem::Ecosystem;
use crate::locked::LockedPackage;

/// File name in the folder of the reports.
pub const REPORT_FILE: &str = "audit.json";

/// The whole report. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuditReport {
    pub schema_version: SchemaVersion<1>,
    /// The commit whose locks were read; null when the work tree had changes.
    pub source_revision: Option<String>,
    pub audited_at: Timestamp,
    /// One entry for each ecosystem, in their order.
    pub databases: Vec<DatabaseReport>,
    pub findings: Vec<AuditFinding>,
}

/// What the advisories of an ecosystem were compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DatabaseReport {
    pub ecosystem: Ecosystem,
    /// The number of different packages and versions in the locks.
    pub locked: u64,
    /// The number of advisories; 0 means that nothing was compared.
    pub advisories: u64,
    /// When the newest advisory was changed.
    pub newest: Option<Timestamp>,
}

/// Something wrong with a locked package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuditFinding {
    /// The advisory, or `source`, `license`, `banned` or `duplicate`.
    pub id: String,
    /// Other names of the advisory.
    #[serde(default)]
    pub aliases: Vec<String>,
    pub ecosystem: Ecosystem,
    pub package: String,
    pub version: String,
    /// The lock files that pin it, relative to the root of the repository.
    pub locks: Vec<String>,
    pub message: String,
}

impl AuditFinding {
    /// A finding about a package in one lock.
    pub fn of(package: &LockedPackage, id: &str, message: String) -> Self {
        Self {
            id: id.to_owned(),
            aliases: Vec::new(),
            ecosystem: package.ecosystem,
            package: package.name.clone(),
            version: package.version.clone(),
            locks: vec![package.lock.clone()],
            message,
        }
    }
}
