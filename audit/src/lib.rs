//! What is known about the locked dependencies: where they come from, and which advisories are about them.
//!
//! Reads lock files and a folder of advisories. Knows no network, no policy and no waiver: it reports everything, and how
//! old its data is.

mod advisory;
mod database;
mod ecosystem;
mod locked;
mod report;
mod rules;

pub use self::database::{Database, DatabaseError, Held};
pub use self::ecosystem::Ecosystem;
pub use self::locked::{LockError, LockedPackage, cargo_lock, crate_pin, package_lock, requirements};
pub use self::report::{AuditFinding, AuditReport, DatabaseReport, REPORT_FILE};
pub use self::rules::{advisories, duplicates, sources};
