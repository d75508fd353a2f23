//! A release that is ready, and releases that are not: at least one for every gate. For tests, here and where the
//! report is printed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ktx_names::{ArtifactPackage, BuildProfile, Platform};

use crate::audit::{AuditFacts, Audited, DatabaseFacts, FoundFault};
use crate::budgets::Sizes;
use crate::release_policy::{ReleaseMode, ReleasePolicy};

use super::facts::{
    Artifacts, CodeSignature, Compared, Head, ReadinessFacts, SmokeProof, SourceFacts, VerifiedArtifacts,
};

/// Facts that open every gate under `policy`, whose `publishedPackageSmoke` names the version.
///
/// # Panics
///
/// When that is not a version.
pub fn ready(policy: &ReleasePolicy) -> ReadinessFacts {
    let version = policy.published_package_smoke.version.as_str();
    let packages = vec![ArtifactPackage::npm(version), ArtifactPackage::python(version)];
    let platforms = policy.platforms.iter().copied();
    ReadinessFacts {
        sources: SourceFacts {
            version: version.parse().expect("the policy names a version"),
            packages: packages.clone(),
            head: Head::At(REVISION.to_owned()),
            scenarios: BTreeMap::new(),
        },
        artifacts: Artifacts::Verified(VerifiedArtifacts {
            packages,
            source_revision: Some(REVISION.to_owned()),
            programs: platforms
                .clone()
                .map(|platform| (platform, Some(BuildProfile::Release)))
                .collect(),
            signatures: BTreeMap::new(),
            lock_faults: Vec::new(),
            bill_faults: Vec::new(),
        }),
        smoke: platforms.map(|platform| (platform, SmokeProof::Green)).collect(),
        changelog: Ok(()),
        compared: Compared::First,
        audited: Audited::Found(audit(Vec::new(), Some(TODAY))),
    }
}

/// The commit that the examples are of.
pub const REVISION: &str = "c0ffee";

const TODAY: Date = Date::constant(2026, 3, 10);

/// What an audit found: faults, and advisories as recent as `newest`.
fn audit(findings: Vec<FoundFault>, newest: Option<Date>) -> AuditFacts {
    AuditFacts {
        today: TODAY,
        findings,
        databases: vec![DatabaseFacts {
            ecosystem: "crates".to_owned(),
            is_needed: true,
            newest,
        }],
    }
}

/// Releases that are not ready. Together they close every gate, and bring out everything that opens one.
pub fn blocked(policy: &ReleasePolicy) -> Vec<(ReleasePolicy, ReadinessFacts)> {
    let mut undecided = policy.clone();
    undecided.release_mode = ReleaseMode::CiArtifactOnly;
    undecided.required_before_publishing = vec!["name the owner".to_owned()];
    let mut other_version = policy.clone();
    other_version.published_package_smoke.version = "0.0.1".to_owned();
    let mut examples = vec![(undecided, ready(policy)), (other_version, ready(policy))];
    let mut add = |change: &dyn Fn(&mut ReadinessFacts)| {
        let mut facts = ready(policy);
        change(&mut facts);
        examples.push((policy.clone(), facts));
    };
    for artifacts in [
        Artifacts::Missing(vec!["no manifest".to_owned()]),
        Artifacts::Unfit(vec!["no manifest".to_owned()]),
        Artifacts::Altered(vec!["other bytes".to_owned()]),
    ] {
        add(&|facts| facts.artifacts = artifacts.clone());
    }
    let changes: [fn(&mut VerifiedArtifacts); 8] = [
        |artifacts| artifacts.source_revision = None,
        |artifacts| artifacts.source_revision = Some("decaf".to_owned()),
        |artifacts| artifacts.programs.clear(),
        |artifacts| artifacts.packages.clear(),
        |artifacts| artifacts.lock_faults.push("core.txt was edited".to_owned()),
        |artifacts| {
            let broken = CodeSignature::Broken("its code signature does not match its bytes".to_owned());
            drop(artifacts.signatures.insert(Platform::Win32X64, broken));
        },
        |artifacts| artifacts.bill_faults.push("the bill lacks a crate".to_owned()),
        |artifacts| {
            artifacts
                .programs
                .values_mut()
                .for_each(|profile| *profile = None)
        },
    ];
    for change in changes {
        add(&|facts| {
            if let Artifacts::Verified(artifacts) = &mut facts.artifacts {
                change(artifacts);
            }
        });
    }
    add(&|facts| facts.sources.head = Head::Unknown);
    let some = [Platform::DarwinArm64, Platform::Win32X64];
    for missing in [&Platform::ALL[..], &[Platform::LinuxX64], &some] {
        add(&|facts| facts.smoke.retain(|platform, _| !missing.contains(platform)));
    }
    add(&|facts| facts.changelog = Err("CHANGELOG.md has no section".to_owned()));
    let grown = Compared::With {
        version: "0.0.1".to_owned(),
        before: Sizes::default(),
        after: Sizes {
            files: 1000,
            ..Sizes::default()
        },
    };
    let unreadable = Compared::Unreadable("cut".to_owned());
    for compared in [Compared::Not, Compared::OtherTarball, unreadable, grown] {
        add(&|facts| facts.compared = compared.clone());
    }
    let fault = FoundFault {
        id: "RUSTSEC-2026-0001".to_owned(),
        aliases: Vec::new(),
        package: "left".to_owned(),
        line: "left 1.0.0 in Cargo.lock: it overflows; fixed in 1.0.1".to_owned(),
    };
    for audited in [
        Audited::Not,
        Audited::Unreadable("cut".to_owned()),
        Audited::OtherCommit,
        Audited::Found(audit(vec![fault], Some(TODAY))),
        Audited::Found(audit(Vec::new(), Some(Date::constant(2020, 1, 1)))),
        Audited::Found(audit(Vec::new(), None)),
    ] {
        add(&|facts| facts.audited = audited.clone());
    }
    examples
}
