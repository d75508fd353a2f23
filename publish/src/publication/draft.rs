//! Links 1 to 4: everything that can be found out before npm runs, whether or not the publication may happen. Nothing
//! is written.
//!
//! A person who asks what would happen is told all of it at once: the plan, the tags, what was looked at, and
//! everything that stands in the way.

use std::path::Path;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{self, Commands, Integrity, Provenance, PublishRequest, RegistryState, Tags};
use ktx_policy::preflight::check_job;
use ktx_policy::readiness::ReadinessReport;

use crate::artifacts::{self, Tarball};
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::github;
use crate::npm::{Npm, Publication, Staging};
use crate::receipt::ReceiptBook;
use crate::registry::{self, Registry};

use super::plan::PublishPlan;
use super::{Intent, PublishOptions};

/// A publication as far as it can be foreseen.
#[derive(Debug)]
pub struct Draft {
    options: PublishOptions,
    version: String,
    readiness: ReadinessReport,
    registry: Registry,
    is_first: bool,
    tarball: Option<Tarball>,
    npm: Npm,
    provenance: Provenance,
    verdict: Result<guard::Plan, guard::Refused>,
    blocks: Vec<PublishError>,
}

/// Finds out everything. An error means that nothing can be said at all: the policy is unusable, the flags contradict
/// it, or npm is missing.
pub fn draft(
    options: &PublishOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<Draft, PublishError> {
    let survey = artifacts::survey(&options.location, &options.built)?;
    let npm = Npm::new(environment)?;
    let registry = registry::chosen(&survey.policy, options.registry.as_ref(), environment, &npm, desk)?;
    let state = registry.state(NPM_PACKAGE);
    let provenance = if github::is_job(environment) {
        Provenance::Attested
    } else {
        Provenance::Missing
    };
    let version = options.built.version.to_string();
    let request = PublishRequest {
        version: &version,
        tag: &options.tag,
        policy_tag: &survey.policy.npm.tag,
        integrity: survey.tarball.as_ref().map(Tarball::integrity),
        provenance,
        first_latest: options.first_latest,
        trust_downgrade: options.trust_downgrade,
        commands: &commands(&options.location, options.registry.as_ref(), registry.url()),
    };
    let verdict = guard::publish(&request, &state);
    let mut blocks = Vec::new();
    if let Err(refused) = &verdict {
        blocks.push(PublishError::Refused(refused.clone()));
    }
    if let Some(tarball) = &survey.tarball {
        blocks.extend(tarball.package().check(&options.built.version));
        if provenance == Provenance::Attested {
            let mut findings = check_job(&github::job(environment, &npm, tarball.package(), desk)?);
            if options.intent == Intent::Show {
                findings.retain(|finding| finding.code != "preflight-id-token");
            }
            blocks.extend((!findings.is_empty()).then_some(PublishError::Preflight(findings)));
        }
    }
    if options.staging == Staging::Staged && !npm.has(&["stage", "publish"], desk)? {
        blocks.push(PublishError::Prerequisite {
            message: "this npm has no `npm stage publish`".to_owned(),
            hint: "npm install --global npm@11".to_owned(),
        });
    }
    if !survey.readiness.ready {
        blocks.push(PublishError::NotReady(Box::new(survey.readiness.clone())));
    }
    Ok(Draft {
        options: options.clone(),
        version,
        readiness: survey.readiness,
        registry,
        is_first: match &state {
            RegistryState::Package(package) => package.versions.is_empty(),
            RegistryState::NoPackage | RegistryState::Unknown(_) => true,
        },
        tarball: survey.tarball,
        npm,
        provenance,
        verdict,
        blocks,
    })
}

/// What commands must carry that are proposed to whoever runs these options.
pub(crate) fn commands(
    location: &artifacts::Location,
    asked: Option<&RegistryUrl>,
    registry: &RegistryUrl,
) -> Commands {
    let artifacts = location.flag.as_ref().map(|folder| {
        let folder = ktx_system::shell::quoted(&folder.to_string_lossy());
        format!(" --artifacts {folder}")
    });
    Commands {
        registry: asked.map_or_else(String::new, |url| format!(" --registry {url}")),
        artifacts: artifacts.unwrap_or_default(),
        smoke: format!(" --registry {registry}"),
        npm: format!(" {}", crate::npm::registry_flags(registry).join(" ")),
    }
}

impl Draft {
    /// The version that is to be published.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The dist-tag that was asked for.
    pub fn tag(&self) -> &str {
        &self.options.tag
    }

    /// The registry it is to go to.
    pub fn registry(&self) -> &RegistryUrl {
        self.registry.url()
    }

    /// The integrity of the bytes, when there is a tarball.
    pub fn integrity(&self) -> Option<&Integrity> {
        self.tarball.as_ref().map(Tarball::integrity)
    }

    /// The command line of npm; the tarball's private copy is made when it runs.
    pub fn command(&self) -> String {
        let publication = Publication {
            tarball: Path::new("PRIVATE-COPY.tgz"),
            tag: &self.options.tag,
            registry: self.registry.url(),
            provenance: self.provenance,
            staging: self.options.staging,
        };
        crate::npm::line(&publication.arguments())
    }

    /// What the guard lets happen, if it does.
    pub fn guard(&self) -> Option<&guard::Plan> {
        self.verdict.as_ref().ok()
    }

    /// The registry's tags now, when they are known.
    pub fn tags_before(&self) -> Option<&Tags> {
        match &self.verdict {
            Ok(plan) => Some(&plan.tags_before),
            Err(refused) => refused.foreseen.tags_before.as_ref(),
        }
    }

    /// The registry's tags afterwards, when that can be said.
    pub fn tags_after(&self) -> Option<&Tags> {
        match &self.verdict {
            Ok(plan) => Some(&plan.tags_after),
            Err(refused) => refused.foreseen.tags_after.as_ref(),
        }
    }

    /// What was looked at, in a few words each.
    pub fn checked(&self) -> Vec<String> {
        let open = self.readiness.gates.iter().filter(|gate| gate.open);
        let gates: Vec<&str> = open.map(|gate| gate.name.name()).collect();
        let mut checked = Vec::new();
        if !gates.is_empty() {
            checked.push(format!("open gates: {}", gates.join(", ")));
        }
        let rules = match &self.verdict {
            Ok(plan) => &plan.checked,
            Err(refused) => &refused.checked,
        };
        checked.extend(rules.iter().map(|rule| rule.words().to_owned()));
        checked
    }

    /// What was not looked at: what needs facts that were not to be had, and what only the deed can show.
    pub fn unchecked(&self) -> Vec<&'static str> {
        let rules = match &self.verdict {
            Ok(_) => &[][..],
            Err(refused) => &refused.unchecked,
        };
        let mut unchecked: Vec<&str> = rules.iter().map(|rule| rule.words()).collect();
        if self.tarball.is_none() {
            unchecked.push("what the package says about itself, as there is no tarball");
        }
        unchecked.push("whether npm has credentials that the registry accepts");
        if self.provenance == Provenance::Attested {
            unchecked.push("whether the registry trusts this workflow (OIDC)");
        }
        unchecked
    }

    /// Everything that stands in the way.
    pub fn blocks(&self) -> &[PublishError] {
        &self.blocks
    }

    /// The plan, when nothing stands in the way.
    pub fn into_plan(self) -> Result<PublishPlan, PublishError> {
        let mut blocks = self.blocks;
        match (self.verdict, self.tarball) {
            (Ok(guard), Some(tarball)) if blocks.is_empty() => Ok(PublishPlan {
                guard,
                registry: self.registry,
                tarball,
                npm: self.npm,
                provenance: self.provenance,
                staging: self.options.staging,
                source_revision: self.readiness.source_revision,
                receipts: ReceiptBook::in_folder(&self.options.location.reports),
                patience: self.options.patience,
                is_first: self.is_first,
            }),
            _ if blocks.len() == 1 => Err(blocks.remove(0)),
            _ => Err(PublishError::Blocked(blocks)),
        }
    }
}
