//! Links 1 to 4: everything that can be found out before npm runs, whether or not the publication may happen. Nothing
//! is written.

use std::path::Path;

use ktx_inspect::LockChanges;
use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{self, Decision, NextStep, Provenance, PublishRequest, RegistryState};
use ktx_policy::preflight::check_job;
use ktx_policy::readiness::{GateState, ReadinessReport};
use ktx_policy::release_policy::{ProvenancePolicy, Publishing};
use ktx_provenance::TrustRoot;

use crate::artifacts::{self, Survey, Tarball, read_comparison};
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::github;
use crate::npm::{Npm, PublishCommand, commands, line};
use crate::provenance::trust_root;
use crate::receipt::ReceiptBook;
use crate::registry::{self, Known, Registry};

use super::preview::Preview;
use super::{Intent, Patience, PublishOptions};

/// A publication that was looked at.
#[derive(Debug)]
pub struct Prepared {
    /// What it would do.
    pub preview: Preview,
    /// The plan, or everything that blocks it.
    pub plan: Result<PublishPlan, Vec<PublishError>>,
}

/// An allowed publication.
#[derive(Debug)]
pub struct PublishPlan {
    pub(super) decision: Decision,
    pub(super) registry: Registry,
    pub(super) tarball: Tarball,
    pub(super) npm: Npm,
    pub(super) provenance: Provenance,
    /// What the policy asks for before a promotion.
    pub(super) required: ProvenancePolicy,
    pub(super) trusted: TrustRoot,
    pub(super) publishing: Publishing,
    pub(super) source_revision: Option<String>,
    pub(super) receipts: ReceiptBook,
    pub(super) patience: Patience,
    pub(super) is_first: bool,
}

impl PublishPlan {
    /// What the guard allows.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }
}

/// Finds out everything. An error means that nothing can be said at all: the policy is unusable, the flags contradict
/// it, or npm is missing.
pub fn prepare(
    options: &PublishOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<Prepared, PublishError> {
    let survey = artifacts::survey(&options.location, &options.sources)?;
    let npm = Npm::new(environment)?;
    let registry = registry::chosen(&survey.policy, options.registry.as_ref(), environment, &npm, desk)?;
    let trusted = trust_root(options.trusted_root.as_deref())?;
    let receipts = ReceiptBook::in_folder(&options.location.reports);
    let known = Known {
        receipts: receipts.served(registry.url(), desk),
        released: options.released.about(registry.url()),
    };
    let (state, _) = registry.facts(NPM_PACKAGE, &known);
    let provenance = if github::is_job(environment) {
        Provenance::Attested
    } else {
        Provenance::Missing
    };
    let version = options.sources.version.to_string();
    let mut proposed = commands(
        options.location.flag.as_deref(),
        options.registry.as_ref(),
        registry.url(),
    );
    if let (Some(_), Some(revision)) = (&options.location.flag, &survey.readiness.source_revision) {
        // Handed-over artifacts have no checkout that would say it.
        proposed.revision = format!(" --source-revision {revision}");
    }
    let request = PublishRequest {
        version: &version,
        tag: &options.tag,
        policy_tag: &survey.policy.npm.tag,
        lanes: &survey.policy.npm.lanes,
        integrity: survey.tarball.as_ref().map(Tarball::integrity),
        provenance,
        first_latest: options.first_latest,
        trust_downgrade: options.trust_downgrade,
        commands: &proposed,
    };
    let verdict = guard::publish(&request, &state);
    let is_first = match &state {
        RegistryState::Package(package) => package.versions.is_empty(),
        RegistryState::NoPackage | RegistryState::Unknown(_) => true,
    };
    let mut notes = newly_locked(options, &survey);
    let publishing = match survey.policy.npm.publishing {
        // The registry stages versions only of a package that it has.
        Publishing::Staged if is_first => {
            notes.push("a first version cannot be staged, so it is published at once".to_owned());
            Publishing::Direct
        }
        publishing => publishing,
    };
    let mut preview = Preview {
        package: NPM_PACKAGE,
        version: version.clone(),
        tag: options.tag.clone(),
        registry: registry.url().clone(),
        integrity: survey.tarball.as_ref().map(|tarball| tarball.integrity().clone()),
        command: command_line(options, &registry, provenance, publishing),
        work: None,
        tags_before: None,
        tags_after: None,
        gates: survey.readiness.gates.clone(),
        rules: Vec::new(),
        notes,
        unchecked: unchecked(&survey, provenance),
        next: None,
    };
    let mut blocks = Vec::new();
    let decision = match verdict {
        Ok(decision) => {
            preview.work = Some(decision.work);
            preview.tags_before = Some(decision.tags_before.clone());
            preview.tags_after = Some(decision.tags_after.clone());
            preview.rules.clone_from(&decision.rules);
            preview.notes.extend_from_slice(&decision.notes);
            Some(decision)
        }
        Err(refused) => {
            preview.tags_before.clone_from(&refused.tags_before);
            preview.tags_after.clone_from(&refused.tags_after);
            preview.rules.clone_from(&refused.rules);
            blocks.push(PublishError::Refused(refused));
            None
        }
    };
    blocks.extend(other_blocks(
        options,
        &survey,
        &npm,
        provenance,
        publishing,
        environment,
        desk,
    )?);
    preview.next = next(&blocks, &survey.readiness, &proposed.publish(&options.tag));
    let plan = match (decision, survey.tarball) {
        (Some(decision), Some(tarball)) if blocks.is_empty() => Ok(PublishPlan {
            decision,
            registry,
            tarball,
            npm,
            provenance,
            required: survey.policy.npm.provenance,
            trusted,
            publishing,
            source_revision: survey.readiness.source_revision,
            receipts,
            patience: options.patience,
            is_first,
        }),
        _ => Err(blocks),
    };
    Ok(Prepared { preview, plan })
}

/// What blocks the publication besides the guard.
fn other_blocks(
    options: &PublishOptions,
    survey: &Survey,
    npm: &Npm,
    provenance: Provenance,
    publishing: Publishing,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<Vec<PublishError>, PublishError> {
    let mut blocks = Vec::new();
    if let Some(tarball) = &survey.tarball {
        blocks.extend(tarball.package().check(&options.sources.version));
        if provenance == Provenance::Attested {
            let mut findings = check_job(&github::job(environment, npm, tarball.package(), desk)?);
            if options.intent == Intent::Show {
                findings.retain(|finding| finding.code != "preflight-id-token");
            }
            blocks.extend((!findings.is_empty()).then_some(PublishError::Preflight(findings)));
        }
    }
    if publishing == Publishing::Staged && !npm.has(&["stage", "publish"], desk)? {
        blocks.push(PublishError::Prerequisite {
            message: "this npm has no `npm stage publish`".to_owned(),
            hint: "npm install --global npm@11".to_owned(),
        });
    }
    if !survey.readiness.ready {
        blocks.push(PublishError::NotReady(Box::new(survey.readiness.clone())));
    }
    Ok(blocks)
}

/// The one thing to do next. Another number comes before everything, as it needs another build; then the gates, from the
/// top; then the same publication with other flags.
fn next(blocks: &[PublishError], readiness: &ReadinessReport, same: &str) -> Option<NextStep> {
    let of_guard = blocks.iter().find_map(|block| match block {
        PublishError::Refused(refused) => Some(&*refused.next),
        _ => None,
    });
    let publishes = |step: &&NextStep| step.command.starts_with("cargo xtask publish ");
    if let Some(step) = of_guard.filter(|step| !publishes(step)) {
        return Some(step.clone());
    }
    let closed = readiness.gates.iter().find(|gate| !gate.is_open());
    let of_gate = closed.and_then(|gate| match gate.state {
        // The guard's command names the commit, and so does the same command.
        GateState::NotChecked(_) if of_guard.is_some() => None,
        GateState::NotChecked(_) => Some(NextStep {
            advice: gate.first.clone(),
            command: same.to_owned(),
        }),
        _ => Some(NextStep {
            advice: gate.first.clone(),
            command: gate.command.clone()?,
        }),
    });
    of_gate.or_else(|| of_guard.cloned())
}

fn command_line(
    options: &PublishOptions,
    registry: &Registry,
    provenance: Provenance,
    publishing: Publishing,
) -> String {
    let command = PublishCommand {
        tarball: Path::new("PRIVATE-COPY.tgz"),
        tag: &options.tag,
        registry: registry.url(),
        provenance,
        publishing,
    };
    line(&command.arguments())
}

/// What the comparison says about the age of what is locked for the first time.
fn newly_locked(options: &PublishOptions, survey: &Survey) -> Vec<String> {
    let comparison = read_comparison(&options.location.reports, survey.tarball.as_ref()).ok();
    let changes = comparison.and_then(|comparison| comparison.changes);
    let locks = changes.map(|changes| changes.locks).unwrap_or_default();
    let newest = |(lock, changes): (String, LockChanges)| Some(format!("{lock}: {}", changes.newest()?));
    locks.into_iter().filter_map(newest).collect()
}

/// What only publishing can show.
fn unchecked(survey: &Survey, provenance: Provenance) -> Vec<&'static str> {
    let mut unchecked = Vec::new();
    if survey.tarball.is_none() {
        unchecked.push("what the package says about itself, as there is no tarball");
    }
    if provenance == Provenance::Attested {
        unchecked.push("whether the registry trusts this workflow (OIDC)");
    } else {
        unchecked
            .push("whether npm has credentials that the registry accepts; --execute asks before it writes");
    }
    unchecked
}
