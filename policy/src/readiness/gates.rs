//! Judges each condition of a release: what is missing, and what opens the gate.

use crate::audit::Audited;
use crate::mode_rules::{POLICY_ARTIFACTS, POLICY_VALUE, POLICY_VERSION};
use crate::release_policy::{ReleaseMode, ReleasePolicy};
use ktx_names::Finding;
use ktx_names::{BuildProfile, Platform};

use crate::version::Channel;

use super::facts::{Artifacts, CodeSignature, Compared, Head, ReadinessFacts, SmokeProof, VerifiedArtifacts};
use super::gate::{Gate, GateName, GateState};

/// Where every scenario of a smoke can run, so that none may be skipped. Other systems have no network namespaces, no
/// Debian packages and no emulators.
pub const COMPLETE_PLATFORM: Platform = Platform::LinuxX64;

/// Every gate, in the order in which they are opened.
pub(super) fn all(policy: &ReleasePolicy, facts: &ReadinessFacts, findings: &[Finding]) -> Vec<Gate> {
    vec![
        release_mode(policy),
        artifacts(facts),
        mode_rules(findings, facts),
        source_revision(facts),
        locks(facts),
        bill(facts),
        platforms(policy, facts),
        signatures(policy, facts),
        build_profile(policy, facts),
        smoke(policy, facts),
        changelog(facts),
        budgets(policy, facts),
        audit(policy, facts),
    ]
}

/// A gate: open when nothing is missing, else with what opens it.
fn gate(name: GateName, missing: Vec<String>, remedy: Remedy) -> Gate {
    if missing.is_empty() {
        return Gate {
            name,
            state: GateState::Open,
            first: None,
            command: None,
        };
    }
    closed(name, GateState::Closed(missing), remedy)
}

fn closed(name: GateName, state: GateState, remedy: Remedy) -> Gate {
    Gate {
        name,
        state,
        first: remedy.first,
        command: Some(remedy.command),
    }
}

/// What opens a gate.
struct Remedy {
    first: Option<String>,
    command: String,
}

impl Remedy {
    fn run(command: impl Into<String>) -> Self {
        Self {
            first: None,
            command: command.into(),
        }
    }

    fn after(first: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            first: Some(first.into()),
            command: command.into(),
        }
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
    let first =
        "make the decisions, then set releaseMode in release-policy.json and empty requiredBeforePublishing";
    gate(
        GateName::ReleaseMode,
        missing,
        Remedy::after(first, "cargo xtask readiness"),
    )
}

fn artifacts(facts: &ReadinessFacts) -> Gate {
    let missing = match &facts.artifacts {
        Artifacts::Unfit(found) if found.is_empty() => vec!["the artifacts are not verified".to_owned()],
        Artifacts::Missing(found) | Artifacts::Unfit(found) | Artifacts::Altered(found) => found.clone(),
        Artifacts::Verified(_) => Vec::new(),
    };
    gate(GateName::Artifacts, missing, Remedy::run(BUILD))
}

const BUILD: &str = "cargo xtask build";

/// The gates behind the artifacts stay closed while those are invalid: their contents mean nothing.
fn verified(facts: &ReadinessFacts, name: GateName) -> Result<&VerifiedArtifacts, Gate> {
    match &facts.artifacts {
        Artifacts::Verified(verified) => Ok(verified),
        Artifacts::Missing(_) | Artifacts::Unfit(_) | Artifacts::Altered(_) => {
            let because = "there are no verified artifacts to look at".to_owned();
            Err(closed(name, GateState::NotChecked(because), Remedy::run(BUILD)))
        }
    }
}

fn mode_rules(findings: &[Finding], facts: &ReadinessFacts) -> Gate {
    if let Err(unchecked) = verified(facts, GateName::Policy) {
        return unchecked;
    }
    let missing = findings.iter().map(|finding| finding.message.clone()).collect();
    let is_about = |code: &str| findings.iter().any(|finding| finding.code == code);
    // The last thing to do is what leaves nothing to be done after it.
    let command = if is_about(POLICY_VERSION) {
        format!("cargo xtask version set {}", facts.sources.version)
    } else if is_about(POLICY_ARTIFACTS) {
        BUILD.to_owned()
    } else {
        "cargo xtask readiness".to_owned()
    };
    let remedy = if is_about(POLICY_VALUE) {
        Remedy::after(
            "change the values in release-policy.json as the lines say",
            command,
        )
    } else {
        Remedy::run(command)
    };
    gate(GateName::Policy, missing, remedy)
}

fn source_revision(facts: &ReadinessFacts) -> Gate {
    let name = GateName::SourceRevision;
    let check = "cargo xtask check";
    let verified = match verified(facts, name) {
        Err(unchecked) => return unchecked,
        Ok(verified) => verified,
    };
    let Some(revision) = &verified.source_revision else {
        let missing = "the artifacts were built from a tree with uncommitted changes".to_owned();
        let remedy = Remedy::after("commit the changes, or put them away with `git stash`", check);
        return gate(name, vec![missing], remedy);
    };
    match &facts.sources.head {
        Head::Unknown => {
            let because = format!(
                "the artifacts say {revision}, and there is no checkout or --source-revision to compare it with"
            );
            let first = "when that is the commit to release";
            let remedy = Remedy::after(
                first,
                format!("cargo xtask readiness --source-revision {revision}"),
            );
            closed(name, GateState::NotChecked(because), remedy)
        }
        Head::At(head) if revision != head => {
            let missing = format!("the artifacts were built from {revision}, but the release is of {head}");
            gate(name, vec![missing], Remedy::run(check))
        }
        Head::At(_) => gate(name, Vec::new(), Remedy::run(check)),
    }
}

fn locks(facts: &ReadinessFacts) -> Gate {
    match verified(facts, GateName::Locks) {
        Err(unchecked) => unchecked,
        Ok(verified) => gate(GateName::Locks, verified.lock_faults.clone(), Remedy::run(BUILD)),
    }
}

fn bill(facts: &ReadinessFacts) -> Gate {
    match verified(facts, GateName::Bill) {
        Err(unchecked) => unchecked,
        Ok(verified) => gate(GateName::Bill, verified.bill_faults.clone(), Remedy::run(BUILD)),
    }
}

fn platforms(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let verified = match verified(facts, GateName::Platforms) {
        Err(unchecked) => return unchecked,
        Ok(verified) => verified,
    };
    let missing = policy
        .platforms
        .iter()
        .filter(|platform| !verified.programs.contains_key(platform))
        .map(|platform| format!("the package has no program for {platform}"))
        .collect();
    gate(
        GateName::Platforms,
        missing,
        Remedy::run(build_for_release(policy)),
    )
}

fn signatures(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let described = |(platform, signature): (&Platform, &CodeSignature)| match signature {
        CodeSignature::Broken(cause) => Some(format!("the program for {platform}: {cause}")),
        CodeSignature::Uncertified if policy.signing.contains(platform) => Some(format!(
            "the program for {platform} is not signed with a certificate"
        )),
        CodeSignature::Uncertified | CodeSignature::Certified(_) => None,
    };
    let missing = match verified(facts, GateName::Signatures) {
        Err(unchecked) => return unchecked,
        Ok(verified) => verified.signatures.iter().filter_map(described).collect(),
    };
    let first = "name the keys in KTX_SIGN_DARWIN_P12 and KTX_SIGN_WIN32_P12";
    gate(
        GateName::Signatures,
        missing,
        Remedy::after(first, build_for_release(policy)),
    )
}

fn build_profile(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let described = |(platform, profile): (&Platform, &Option<BuildProfile>)| match profile {
        Some(BuildProfile::Release) => None,
        Some(other) => Some(format!(
            "the program for {platform} was built with the profile {}, expected release",
            other.name()
        )),
        None => Some(format!(
            "the program for {platform} does not say how it was built"
        )),
    };
    let missing = match verified(facts, GateName::BuildProfile) {
        Err(unchecked) => return unchecked,
        Ok(verified) => verified.programs.iter().filter_map(described).collect(),
    };
    gate(
        GateName::BuildProfile,
        missing,
        Remedy::run(build_for_release(policy)),
    )
}

fn build_for_release(policy: &ReleasePolicy) -> String {
    format!(
        "cargo xtask build --release --platform {}",
        list(&policy.platforms, ",")
    )
}

fn smoke(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let proof = |platform: &Platform| facts.smoke.get(platform);
    let missing: Vec<String> = policy
        .platforms
        .iter()
        .filter_map(|platform| unproven(*platform, proof(platform)))
        .collect();
    let platforms = policy.platforms.iter().copied();
    let (complete, other): (Vec<_>, Vec<_>) = platforms
        .filter(|platform| proof(platform) != Some(&SmokeProof::Green))
        .partition(|platform| *platform == COMPLETE_PLATFORM);
    let collected = "the reports belong in dist/reports";
    let remedy = match (complete.is_empty(), other.is_empty()) {
        (false, true) => Remedy::after(format!("on {}", COMPLETE_PLATFORM), "cargo xtask smoke --no-skip"),
        (false, false) => Remedy::after(
            format!(
                "on {}, and without --no-skip on {}; {collected}",
                COMPLETE_PLATFORM,
                list(&other, " and ")
            ),
            "cargo xtask smoke --no-skip",
        ),
        (true, _) => Remedy::after(
            format!("on {}; {collected}", list(&other, " and ")),
            "cargo xtask smoke",
        ),
    };
    gate(GateName::Smoke, missing, remedy)
}

/// A version of a branch is for the people of that branch, who read its commits.
fn changelog(facts: &ReadinessFacts) -> Gate {
    let is_of_a_branch = matches!(facts.sources.version.channel(), Some(Channel::Branch { .. }));
    let missing = match &facts.changelog {
        Err(cause) if !is_of_a_branch => vec![cause.clone()],
        _ => Vec::new(),
    };
    let remedy = Remedy::after("write what changed into CHANGELOG.md", "cargo xtask notes");
    gate(GateName::Changelog, missing, remedy)
}

fn budgets(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let compare = Remedy::run("cargo xtask diff");
    let Some(budgets) = &policy.budgets else {
        return gate(GateName::Budgets, Vec::new(), compare);
    };
    if let Err(unchecked) = verified(facts, GateName::Budgets) {
        return unchecked;
    }
    let (missing, remedy) = match &facts.compared {
        Compared::Not => (
            vec!["the package was not compared with the last version".to_owned()],
            compare,
        ),
        Compared::Unreadable(cause) => (vec![format!("the comparison cannot be used: {cause}")], compare),
        Compared::OtherTarball => (
            vec!["the comparison is about another tarball".to_owned()],
            compare,
        ),
        Compared::First => (Vec::new(), compare),
        Compared::With { before, after, .. } => (
            budgets.exceeded(before, after),
            Remedy::after(
                "make it smaller, or raise budgets in release-policy.json",
                "cargo xtask diff",
            ),
        ),
    };
    gate(GateName::Budgets, missing, remedy)
}

fn audit(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    const AUDIT: &str = "cargo xtask audit --db target/advisories";
    let name = GateName::Audit;
    let Some(rules) = &policy.audit else {
        return gate(name, Vec::new(), Remedy::run(AUDIT));
    };
    if let Err(unchecked) = verified(facts, name) {
        return unchecked;
    }
    let bring = || {
        Remedy::after(
            "put current advisories in OSV format into target/advisories",
            AUDIT,
        )
    };
    let missing = match &facts.audited {
        Audited::Not => "the locked dependencies were not audited".to_owned(),
        Audited::Unreadable(cause) => format!("the audit cannot be used: {cause}"),
        Audited::OtherCommit => "the audit is of another commit than the artifacts".to_owned(),
        Audited::Found(found) => {
            let verdict = rules.judge(found);
            let judged = !verdict.blocking.is_empty();
            let missing = [verdict.blocking, verdict.unchecked].concat();
            return match (judged, missing.is_empty()) {
                (false, false) => closed(name, GateState::NotChecked(missing.join("; ")), bring()),
                _ => gate(
                    name,
                    missing,
                    Remedy::after(
                        "upgrade what is named, or waive it in release-policy.json with a reason and a last day",
                        AUDIT,
                    ),
                ),
            };
        }
    };
    gate(name, vec![missing], bring())
}

fn list(platforms: &[Platform], separator: &str) -> String {
    let names: Vec<&str> = platforms.iter().map(|platform| platform.as_str()).collect();
    names.join(separator)
}

fn unproven(platform: Platform, proof: Option<&SmokeProof>) -> Option<String> {
    let what = match proof {
        Some(SmokeProof::Green) => return None,
        None => "there is no smoke report".to_owned(),
        Some(SmokeProof::Unreadable(cause)) => format!("the smoke report cannot be used: {cause}"),
        Some(SmokeProof::NotGreen(scenarios)) => format!("the smoke report is not green: {scenarios}"),
        Some(SmokeProof::OtherBytes(what)) => format!("the smoke report is about another {what}"),
        Some(SmokeProof::Contradicts(how)) => format!("the smoke report cannot be true: {how}"),
        Some(SmokeProof::OtherPolicy) => "the smoke report was made under another release policy".to_owned(),
        Some(SmokeProof::FromRegistry) => "the smoke report is of a package from a registry".to_owned(),
    };
    Some(format!("{platform}: {what}"))
}
