//! The section `audit`.

use std::collections::BTreeMap;

use jsonc_parser::ast::Value;

use crate::audit::{AuditPolicy, Waiver};

use super::shapes::is_blank;
use super::values::{Findings, Section};

pub(super) fn read<'text>(
    root: &Section<'_, 'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<AuditPolicy> {
    let keys = ["databaseDays", "banned", "duplicates", "waivers"];
    let section = root.section("audit", &keys, findings)?;
    let database_days = database_days(&section, findings);
    let banned = match section.value("banned") {
        Some(_) => banned(&section, findings),
        None => Some(BTreeMap::new()),
    };
    let duplicates = match section.value("duplicates") {
        Some(_) => section.strings("duplicates", findings),
        None => Some(Vec::new()),
    };
    let waivers = match section.value("waivers") {
        Some(_) => waivers(&section, findings),
        None => Some(Vec::new()),
    };
    Some(AuditPolicy {
        database_days: database_days?,
        banned: banned?,
        duplicates: duplicates?,
        waivers: waivers?,
    })
}

fn database_days<'text>(section: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<u32> {
    let days = match section.value("databaseDays") {
        Some(Value::NumberLit(number)) => number.value.parse().ok().filter(|days| *days > 0),
        _ => None,
    };
    if days.is_none() {
        let message = "Release policy audit.databaseDays must be a number of days".to_owned();
        section.refuse("databaseDays", "policy-audit", message, findings);
    }
    days
}

/// Names with reasons.
fn banned<'text>(
    section: &Section<'_, 'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<BTreeMap<String, String>> {
    let names = section.keys("banned", findings)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let reasons = section.section("banned", &names, findings)?;
    let mut banned = BTreeMap::new();
    for name in names {
        let reason = reasoned(&reasons, name, findings)?;
        banned.insert(name.to_owned(), reason);
    }
    Some(banned)
}

fn waivers<'text>(section: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<Vec<Waiver>> {
    let keys = ["finding", "package", "reason", "expires"];
    let sections = section.sections("waivers", &keys, findings)?;
    let read: Vec<Option<Waiver>> = sections.iter().map(|section| waiver(section, findings)).collect();
    read.into_iter().collect()
}

fn waiver<'text>(section: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<Waiver> {
    let finding = section.string("finding", findings);
    let package = section.string("package", findings);
    let reason = reasoned(section, "reason", findings);
    let expires = section.string("expires", findings).and_then(|text| {
        let date = text.parse();
        if date.is_err() {
            let message = format!("Release policy audit.waivers: `{text}` is not a day such as 2026-12-31");
            section.refuse("expires", "policy-audit", message, findings);
        }
        date.ok()
    });
    Some(Waiver {
        finding: finding?,
        package: package?,
        reason: reason?,
        expires: expires?,
    })
}

/// A text that says why.
fn reasoned<'text>(
    section: &Section<'_, 'text>,
    key: &str,
    findings: &mut Findings<'_, 'text>,
) -> Option<String> {
    let reason = section.string(key, findings)?;
    if is_blank(&reason) {
        let message = format!("Release policy audit: the reason under {key} is empty");
        section.refuse(key, "policy-audit", message, findings);
        return None;
    }
    Some(reason)
}
