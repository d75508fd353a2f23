//! Each condition of a release: what is missing, and what mends it.

use crate::finding::Finding;
use crate::platform::Platform;
use crate::release_policy::{ReleaseMode, ReleasePolicy};

use super::facts::{Artifacts, Head, ReadinessFacts, SmokeProof, VerifiedArtifacts};
use super::report::{Gate, GateName};

/// Every gate, in the order in which a person mends them.
pub(super) fn all(policy: &ReleasePolicy, facts: &ReadinessFacts, findings: &[Finding]) -> Vec<Gate> {
    vec![
        release_mode(policy),
        artifacts(facts),
        mode_rules(findings, facts),
        source_revision(facts),
        platforms(policy, facts),
        smoke(policy, facts),
    ]
}

fn gate(name: GateName, missing: Vec<String>, command: impl Into<String>) -> Gate {
    let open = missing.is_empty();
    Gate {
        name,
        open,
        missing,
        command: (!open).then(|| command.into()),
    }
}

fn release_mode(policy: &ReleasePolicy) -> Gate {
    let mut missing = Vec::new();
    if policy.release_mode != ReleaseMode::NpmPublicReleaseReady {
        missing.push("release-policy.json must use npm-public-release-ready before publishing".to_owned());
        missing.extend(
            policy
                .required_before_publishing
                .iter()
                .map(|decision| format!("decision pending: {decision}")),
        );
    }
    gate(
        GateName::ReleaseMode,
        missing,
        "set releaseMode in release-policy.json when the decisions are taken",
    )
}

fn artifacts(facts: &ReadinessFacts) -> Gate {
    let missing = match &facts.artifacts {
        Artifacts::Unfit(found) if found.is_empty() => vec!["the artifacts are not verified".to_owned()],
        Artifacts::Unfit(found) | Artifacts::Altered(found) => found.clone(),
        Artifacts::Verified(_) => Vec::new(),
    };
    gate(GateName::Artifacts, missing, "cargo xtask build")
}

/// The gates behind the artifacts stay shut as long as those are unfit: their contents say nothing.
fn verified(facts: &ReadinessFacts) -> Result<&VerifiedArtifacts, Vec<String>> {
    match &facts.artifacts {
        Artifacts::Verified(verified) => Ok(verified),
        Artifacts::Unfit(_) | Artifacts::Altered(_) => {
            Err(vec!["there are no verified artifacts to look at".to_owned()])
        }
    }
}

fn mode_rules(findings: &[Finding], facts: &ReadinessFacts) -> Gate {
    let missing = match verified(facts) {
        Ok(_) => findings.iter().map(|finding| finding.message.clone()).collect(),
        Err(missing) => return gate(GateName::Policy, missing, "cargo xtask build"),
    };
    let command = format!(
        "cargo xtask version set {}, or mend release-policy.json",
        facts.version
    );
    gate(GateName::Policy, missing, command)
}

fn source_revision(facts: &ReadinessFacts) -> Gate {
    let (missing, command) = match verified(facts) {
        Err(missing) => (missing, "cargo xtask build"),
        Ok(verified) => match (&verified.source_revision, &facts.head) {
            (None, _) => (
                vec!["the artifacts were built from a tree with uncommitted changes".to_owned()],
                "commit the changes, then cargo xtask check",
            ),
            (Some(revision), Head::At(head)) if revision != head => (
                vec![format!(
                    "the artifacts were built from {revision}, but {head} is checked out"
                )],
                "cargo xtask check",
            ),
            (Some(_), _) => (Vec::new(), ""),
        },
    };
    gate(GateName::SourceRevision, missing, command)
}

fn platforms(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let missing = match verified(facts) {
        Ok(verified) => policy
            .platforms
            .iter()
            .filter(|platform| !verified.platforms.contains(platform))
            .map(|platform| format!("the package has no program for {platform}"))
            .collect(),
        Err(missing) => missing,
    };
    let names: Vec<&str> = policy.platforms.iter().map(|platform| platform.name()).collect();
    gate(
        GateName::Platforms,
        missing,
        format!("cargo xtask build --platform {}", names.join(",")),
    )
}

fn smoke(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let proof = |platform: &Platform| facts.smoke.get(platform);
    let missing: Vec<String> = policy
        .platforms
        .iter()
        .filter_map(|platform| unproven(*platform, proof(platform)))
        .collect();
    let unproven: Vec<&str> = policy
        .platforms
        .iter()
        .filter(|platform| proof(platform) != Some(&SmokeProof::Green))
        .map(|platform| platform.name())
        .collect();
    gate(
        GateName::Smoke,
        missing,
        format!("cargo xtask smoke --no-skip, on {}", unproven.join(", ")),
    )
}

fn unproven(platform: Platform, proof: Option<&SmokeProof>) -> Option<String> {
    let what = match proof {
        Some(SmokeProof::Green) => return None,
        None => "there is no smoke report".to_owned(),
        Some(SmokeProof::Unreadable(cause)) => format!("the smoke report cannot be used: {cause}"),
        Some(SmokeProof::NotGreen(scenarios)) => format!("the smoke report is not green: {scenarios}"),
        Some(SmokeProof::OtherTarball) => "the smoke report is about another tarball".to_owned(),
        Some(SmokeProof::OtherPolicy) => "the smoke report was made under another release policy".to_owned(),
        Some(SmokeProof::FromRegistry) => "the smoke report is of a package from a registry".to_owned(),
    };
    Some(format!("{platform}: {what}"))
}
