//! `cargo xtask audit`: what is known about the locked dependencies, from the locks and a folder of advisories.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use fs_err as fs;
use jiff::Timestamp;
use ktx_audit::{
    AuditFinding, AuditReport, Database, DatabaseError, DatabaseReport, Ecosystem, Held, LockError,
    LockedPackage, REPORT_FILE, advisories, cargo_lock, crate_pin, duplicates, package_lock, requirements,
    sources,
};
use ktx_manifest::smoke_report::SchemaVersion;
use ktx_policy::audit::{AuditPolicy, AuditVerdict};
use ktx_publish::artifacts::{audit_facts, read_policy};
use ktx_release::bill;
use serde::Serialize;

use crate::crates;
use crate::exit::{Exit, Failure};
use crate::git::Revision;
use crate::releasing;
use crate::session::Session;

/// Audit the locked dependencies: sources, licences, bans, duplicates and advisories
#[derive(Args)]
pub struct AuditArgs {
    /// A folder of advisories in OSV format, one JSON file each; without it none are compared
    #[arg(long, value_name = "DIR")]
    db: Option<Utf8PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditDocument<'a> {
    #[serde(flatten)]
    report: &'a AuditReport,
    blocking: &'a [String],
    unchecked: &'a [String],
    waived: &'a [String],
    unused_waivers: &'a [String],
}

/// What needs no advisories, for the tests of the repository.
pub fn check_locks(session: &Session<'_>) -> Result<()> {
    let rules = rules(session)?;
    let mut report = empty(session)?;
    report.findings = faults(session, &rules, &locked(session.root()?)?)?;
    let verdict = rules.judge(&audit_facts(&report, report.audited_at));
    for line in &verdict.blocking {
        session.printer.error(line, None);
    }
    conclude(&AuditVerdict {
        unchecked: Vec::new(),
        ..verdict
    })
}

pub fn run(arguments: AuditArgs, session: &Session<'_>) -> Result<()> {
    let rules = rules(session)?;
    let locked = locked(session.root()?)?;
    let mut report = empty(session)?;
    report.findings = faults(session, &rules, &locked)?;
    compare(&mut report, arguments.db.as_deref(), &locked)?;
    let reports = session.dist()?.join("reports");
    fs::create_dir_all(&reports)?;
    let mut file = tempfile::NamedTempFile::new_in(&reports)?;
    file.write_all(ktx_manifest::json_text(&report).as_bytes())?;
    let path = reports.join(REPORT_FILE);
    file.persist(&path)
        .with_context(|| format!("failed to write `{path}`"))?;
    let verdict = rules.judge(&audit_facts(&report, report.audited_at));
    show(session, &report, &verdict)?;
    conclude(&verdict)
}

fn rules(session: &Session<'_>) -> Result<AuditPolicy> {
    let location = releasing::location(session, None)?;
    let (policy, _) = read_policy(&location.policy).map_err(|error| releasing::failure(session, error))?;
    policy.audit.ok_or_else(|| {
        Failure::new(Exit::Usage, "release-policy.json has no section `audit`")
            .hint("add \"audit\": {\"databaseDays\": 14} to it")
            .into()
    })
}

/// A report of now, in which nothing was found yet.
fn empty(session: &Session<'_>) -> Result<AuditReport> {
    Ok(AuditReport {
        schema_version: SchemaVersion,
        source_revision: Revision::read(session)?.clean,
        audited_at: Timestamp::now(),
        databases: Vec::new(),
        findings: Vec::new(),
    })
}

/// What every lock of the repository pins.
fn locked(root: &Utf8Path) -> Result<Vec<LockedPackage>> {
    let mut paths = vec![Utf8PathBuf::from("Cargo.lock")];
    for folder in ["python/locks", "xtask/tools"] {
        paths.extend(texts(root, folder)?);
    }
    let mut locked = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(root.join(path)).map_err(|error| {
            Failure::new(Exit::Prerequisite, format!("failed to read `{path}`"))
                .because(error)
                .hint("restore it with git")
        })?;
        let read = match path.file_name().unwrap_or_default() {
            "Cargo.lock" => cargo_lock(path.as_str(), &text),
            "package-lock.json" => package_lock(path.as_str(), &text),
            "auditable.txt" | "rcodesign.txt" => crate_pin(path.as_str(), &text),
            _ => requirements(path.as_str(), &text),
        };
        locked.extend(read.map_err(unreadable)?);
    }
    Ok(locked)
}

/// The lock files below a folder, in the order of their names.
fn texts(root: &Utf8Path, folder: &str) -> Result<Vec<Utf8PathBuf>> {
    let mut found = Vec::new();
    for entry in root
        .join(folder)
        .read_dir_utf8()
        .with_context(|| format!("failed to read `{folder}`"))?
    {
        let path = Utf8Path::new(folder).join(entry?.file_name());
        let inner = path.join("package-lock.json");
        if root.join(&inner).is_file() {
            found.push(inner);
        } else if path.extension() == Some("txt") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn unreadable(error: LockError) -> anyhow::Error {
    let hint = format!("restore it: git checkout {}", error.lock);
    Failure::new(Exit::Integrity, error.to_string()).hint(hint).into()
}

/// What is wrong without any advisory.
fn faults(session: &Session<'_>, rules: &AuditPolicy, locked: &[LockedPackage]) -> Result<Vec<AuditFinding>> {
    let mut findings = sources(locked);
    let crates = locked
        .iter()
        .filter(|package| package.ecosystem == Ecosystem::Crates);
    for package in crates.clone() {
        if let Some(reason) = rules.banned.get(&package.name) {
            findings.push(AuditFinding::of(
                package,
                "banned",
                format!("it is banned: {reason}"),
            ));
        }
    }
    let is_known = |finding: &AuditFinding| rules.duplicates.contains(&finding.package);
    findings.extend(
        duplicates(locked)
            .into_iter()
            .filter(|finding| !is_known(finding)),
    );
    let own: Vec<&LockedPackage> = crates.filter(|package| package.lock == "Cargo.lock").collect();
    // Without a crate from the registry there is nothing that cargo would have to describe.
    if !own.is_empty() {
        let described = crates::locked(session)?;
        for package in own {
            let key = (package.name.clone(), package.version.clone());
            let license = described.get(&key).and_then(|source| source.license.as_deref());
            findings.extend(license_fault(package, license));
        }
    }
    Ok(findings)
}

fn license_fault(package: &LockedPackage, license: Option<&str>) -> Option<AuditFinding> {
    let message = match license.map(bill::canonical) {
        None => "it names no licence".to_owned(),
        Some(Err(error)) => format!("its licence is not an SPDX expression: {}", error.reason),
        Some(Ok(expression)) if bill::is_allowed(&package.name, &expression) => return None,
        Some(Ok(expression)) => format!("its licence {expression} is not allowed by release/licenses.toml"),
    };
    Some(AuditFinding::of(package, "license", message))
}

/// Adds to the report what the advisories in a folder say.
fn compare(report: &mut AuditReport, folder: Option<&Utf8Path>, locked: &[LockedPackage]) -> Result<()> {
    let database = match folder {
        Some(folder) => Database::read(folder.as_std_path(), locked).map_err(|error| {
            let (exit, hint) = match error {
                DatabaseError::Folder { .. } => (Exit::Prerequisite, "put advisories in OSV format into it"),
                DatabaseError::File { .. } => (Exit::Integrity, "fetch the advisories again"),
            };
            Failure::new(exit, error.to_string()).hint(hint)
        })?,
        None => Database::default(),
    };
    let mut different: BTreeMap<Ecosystem, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for package in locked {
        let names = different.entry(package.ecosystem).or_default();
        names.insert((&package.name, &package.version));
    }
    let described = |ecosystem: Ecosystem| {
        let Held { advisories, newest } = database.held(ecosystem);
        let locked = different.get(&ecosystem).map_or(0, |names| names.len() as u64);
        DatabaseReport {
            ecosystem,
            locked,
            advisories,
            newest,
        }
    };
    report.databases = Ecosystem::ALL.map(described).into();
    report.findings.extend(advisories(&database, locked));
    Ok(())
}

fn show(session: &Session<'_>, report: &AuditReport, verdict: &AuditVerdict) -> Result<()> {
    let printer = session.printer;
    for database in &report.databases {
        let DatabaseReport {
            ecosystem,
            locked,
            advisories,
            ..
        } = database;
        let facts = audit_facts(report, report.audited_at);
        let newest = facts
            .databases
            .iter()
            .find(|facts| facts.ecosystem == ecosystem.to_string());
        let compared = match newest.and_then(|facts| facts.newest) {
            Some(day) => {
                let age = ktx_policy::audit::days_between(day, facts.today);
                format!("compared with {advisories} advisories, the newest {age} days old ({day})")
            }
            None => "not checked: no advisories".to_owned(),
        };
        printer.data(&format!("{locked} {ecosystem}: {compared}"));
    }
    let AuditVerdict {
        blocking,
        unchecked,
        waived,
        unused,
    } = verdict;
    for line in blocking {
        printer.data(&format!("FAILED: {line}"));
    }
    for line in waived {
        printer.data(&format!("waived: {line}"));
    }
    for line in unused {
        printer.warning(line);
    }
    printer.document(&AuditDocument {
        report,
        blocking,
        unchecked,
        waived,
        unused_waivers: unused,
    })
}

fn conclude(verdict: &AuditVerdict) -> Result<()> {
    let count = verdict.blocking.len();
    if count > 0 {
        let found = if count == 1 {
            "1 finding"
        } else {
            &format!("{count} findings")
        };
        return Err(
            Failure::new(Exit::Refused, format!("the locked dependencies have {found}"))
                .hint(
                    "upgrade what is named, or waive it in release-policy.json with a reason and a last day",
                )
                .into(),
        );
    }
    if !verdict.unchecked.is_empty() {
        return Err(Failure::new(Exit::Prerequisite, verdict.unchecked.join("; "))
            .hint("put current advisories in OSV format into a folder: cargo xtask audit --db target/advisories")
            .into());
    }
    Ok(())
}
