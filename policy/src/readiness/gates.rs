//! Each condition of a release: what is missing, and what mends it.

use crate::mode_rules::{POLICY_ARTIFACTS, POLICY_VALUE, POLICY_VERSION};
use crate::release_policy::{ReleaseMode, ReleasePolicy};
use ktx_names::Finding;
use ktx_names::{BuildProfile, Platform};

use crate::version::Channel;

use super::facts::{Artifacts, Compared, Head, ReadinessFacts, SmokeProof, VerifiedArtifacts};
use super::report::{Gate, GateName};

/// Where every scenario of a smoke can run, so that none may be skipped. Other systems have no network namespaces, no
/// Debian packages and no emulators.
pub const COMPLETE_PLATFORM: Platform = Platform::LinuxX64;

/// Every gate, in the order in which a person mends them.
pub(super) fn all(policy: &ReleasePolicy, facts: &ReadinessFacts, findings: &[Finding]) -> Vec<Gate> {
    vec![
        release_mode(policy),
        artifacts(facts),
        mode_rules(findings, facts),
        source_revision(facts),
        platforms(policy, facts),
        build_profile(policy, facts),
        smoke(policy, facts),
        changelog(facts),
        budgets(policy, facts),
    ]
}

/// A gate: open when nothing is missing, else with what mends it.
fn gate(name: GateName, missing: Vec<String>, mend: Mend) -> Gate {
    let open = missing.is_empty();
    Gate {
        name,
        open,
        missing,
        first: mend.first.filter(|_| !open),
        command: (!open).then_some(mend.command),
    }
}

/// What opens a gate.
struct Mend {
    first: Option<String>,
    command: String,
}

impl Mend {
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
        "take the decisions, then set releaseMode in release-policy.json and empty requiredBeforePublishing";
    gate(
        GateName::ReleaseMode,
        missing,
        Mend::after(first, "cargo xtask readiness"),
    )
}

fn artifacts(facts: &ReadinessFacts) -> Gate {
    let missing = match &facts.artifacts {
        Artifacts::Unfit(found) if found.is_empty() => vec!["the artifacts are not verified".to_owned()],
        Artifacts::Unfit(found) | Artifacts::Altered(found) => found.clone(),
        Artifacts::Verified(_) => Vec::new(),
    };
    gate(GateName::Artifacts, missing, Mend::run(BUILD))
}

const BUILD: &str = "cargo xtask build";

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
        Err(missing) => return gate(GateName::Policy, missing, Mend::run(BUILD)),
    };
    let is_about = |code: &str| findings.iter().any(|finding| finding.code == code);
    // The last thing to do is what leaves nothing to be done after it.
    let command = if is_about(POLICY_VERSION) {
        format!("cargo xtask version set {}", facts.version)
    } else if is_about(POLICY_ARTIFACTS) {
        BUILD.to_owned()
    } else {
        "cargo xtask readiness".to_owned()
    };
    let mend = if is_about(POLICY_VALUE) {
        Mend::after(
            "change the values in release-policy.json as the lines say",
            command,
        )
    } else {
        Mend::run(command)
    };
    gate(GateName::Policy, missing, mend)
}

fn source_revision(facts: &ReadinessFacts) -> Gate {
    let check = "cargo xtask check";
    let (missing, mend) = match verified(facts) {
        Err(missing) => (missing, Mend::run(BUILD)),
        Ok(verified) => match (&verified.source_revision, &facts.head) {
            (None, _) => (
                vec!["the artifacts were built from a tree with uncommitted changes".to_owned()],
                Mend::after("commit the changes, or put them away with `git stash`", check),
            ),
            (Some(revision), Head::At(head)) if revision != head => (
                vec![format!(
                    "the artifacts were built from {revision}, but {head} is checked out"
                )],
                Mend::run(check),
            ),
            (Some(_), _) => (Vec::new(), Mend::run(check)),
        },
    };
    gate(GateName::SourceRevision, missing, mend)
}

fn platforms(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let missing = match verified(facts) {
        Ok(verified) => policy
            .platforms
            .iter()
            .filter(|platform| !verified.programs.contains_key(platform))
            .map(|platform| format!("the package has no program for {platform}"))
            .collect(),
        Err(missing) => missing,
    };
    gate(GateName::Platforms, missing, Mend::run(build_for_release(policy)))
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
    let missing = match verified(facts) {
        Ok(verified) => verified.programs.iter().filter_map(described).collect(),
        Err(missing) => missing,
    };
    gate(
        GateName::BuildProfile,
        missing,
        Mend::run(build_for_release(policy)),
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
    let mend = match (complete.is_empty(), other.is_empty()) {
        (false, true) => Mend::after(format!("on {}", COMPLETE_PLATFORM), "cargo xtask smoke --no-skip"),
        (false, false) => Mend::after(
            format!(
                "on {}, and without --no-skip on {}; {collected}",
                COMPLETE_PLATFORM,
                list(&other, " and ")
            ),
            "cargo xtask smoke --no-skip",
        ),
        (true, _) => Mend::after(
            format!("on {}; {collected}", list(&other, " and ")),
            "cargo xtask smoke",
        ),
    };
    gate(GateName::Smoke, missing, mend)
}

/// A version of a branch is for the people of that branch, who read its commits.
fn changelog(facts: &ReadinessFacts) -> Gate {
    let is_of_a_branch = matches!(facts.version.channel(), Some(Channel::Branch { .. }));
    let missing = match &facts.changelog {
        Err(cause) if !is_of_a_branch => vec![cause.clone()],
        _ => Vec::new(),
    };
    let mend = Mend::after("write what changed into CHANGELOG.md", "cargo xtask notes");
    gate(GateName::Changelog, missing, mend)
}

fn budgets(policy: &ReleasePolicy, facts: &ReadinessFacts) -> Gate {
    let compare = Mend::run("cargo xtask diff");
    let Some(budgets) = &policy.budgets else {
        return gate(GateName::Budgets, Vec::new(), compare);
    };
    if let Err(missing) = verified(facts) {
        return gate(GateName::Budgets, missing, Mend::run(BUILD));
    }
    let (missing, mend) = match &facts.compared {
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
            Mend::after(
                "make it smaller, or raise budgets in release-policy.json",
                "cargo xtask diff",
            ),
        ),
    };
    gate(GateName::Budgets, missing, mend)
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
        Some(SmokeProof::OtherTarball) => "the smoke report is about another tarball".to_owned(),
        Some(SmokeProof::OtherPolicy) => "the smoke report was made under another release policy".to_owned(),
        Some(SmokeProof::FromRegistry) => "the smoke report is of a package from a registry".to_owned(),
    };
    Some(format!("{platform}: {what}"))
}
