//! The gate of the audit, and what is said about its section of the policy.

use ktx_policy::ReleasePolicy;
use ktx_policy::audit::{AuditFacts, Audited, DatabaseFacts};
use ktx_policy::readiness::{GateState, ReadinessFacts, assess};
use serde_json::json;

use super::readiness::{policy, ready};
use super::reading::check;

#[test]
fn the_gate_of_the_audit_needs_one_of_this_very_commit() {
    let state = |policy: &ReleasePolicy, audited: Audited| {
        let report = assess(policy, &ReadinessFacts { audited, ..ready() });
        let gate = report.gates.into_iter().find(|gate| gate.name.name() == "audit");
        gate.unwrap().state
    };
    let nothing = AuditFacts {
        today: "2026-03-10".parse().unwrap(),
        findings: Vec::new(),
        databases: vec![DatabaseFacts {
            ecosystem: "crates".into(),
            is_needed: true,
            newest: None,
        }],
    };
    for (audited, expected) in [
        (ready().audited, GateState::Open),
        (
            Audited::Not,
            GateState::Closed(vec!["the locked dependencies were not audited".into()]),
        ),
        (
            Audited::Unreadable("cut".into()),
            GateState::Closed(vec!["the audit cannot be used: cut".into()]),
        ),
        (
            Audited::OtherCommit,
            GateState::Closed(vec!["the audit is of another commit than the artifacts".into()]),
        ),
        (
            Audited::Found(nothing),
            GateState::NotChecked("there are no advisories about crates".into()),
        ),
    ] {
        assert_eq!(state(&policy(), audited.clone()), expected);
        let unaudited = ReleasePolicy {
            audit: None,
            ..policy()
        };
        assert_eq!(state(&unaudited, audited), GateState::Open);
    }
}

#[test]
fn the_section_is_read_strictly() {
    let waiver =
        json!({"finding": "CVE-2026-1", "package": "left", "reason": "unused", "expires": "2026-12-31"});
    let with = |key: &str, value: &str| {
        let mut changed = waiver.clone();
        changed[key] = json!(value);
        json!([waiver, changed])
    };
    check("/audit/waivers", json!([waiver]), &[]);
    check("/audit", None, &[]);
    for (pointer, value, message) in [
        (
            "/audit/databaseDays",
            json!(0),
            "Release policy audit.databaseDays must be a number of days",
        ),
        (
            "/audit/databaseDays",
            json!("14"),
            "Release policy audit.databaseDays must be a number of days",
        ),
        (
            "/audit/databaseDays",
            json!(1.5),
            "Release policy audit.databaseDays must be a number of days",
        ),
        (
            "/audit/banned/left",
            json!(" "),
            "Release policy audit: the reason under left is empty",
        ),
        (
            "/audit/banned/left",
            json!(1),
            "Release policy audit.banned.left must be a string",
        ),
        (
            "/audit/duplicates",
            json!("syn"),
            "Release policy audit.duplicates must be an array of strings",
        ),
        (
            "/audit/waivers",
            json!(["left"]),
            "Release policy audit.waivers must be an array of JSON objects",
        ),
        (
            "/audit/waivers",
            with("expires", "soon"),
            "Release policy audit.waivers: `soon` is not a day such as 2026-12-31",
        ),
        (
            "/audit/waivers",
            with("reason", ""),
            "Release policy audit: the reason under reason is empty",
        ),
        (
            "/audit/waivers",
            with("until", ""),
            "Release policy audit.waivers[1].until is not a known key",
        ),
        (
            "/audit/strange",
            json!(1),
            "Release policy audit.strange is not a known key",
        ),
    ] {
        check(pointer, value, &[message]);
    }
}
