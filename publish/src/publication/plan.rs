//! Links 1 to 4: everything that must hold before npm runs. Nothing is written.

use ktx_policy::guard::{self, Provenance, PublishRequest, RegistryState};
use ktx_policy::preflight::check_job;
use ktx_policy::{NPM_PACKAGE, RegistryUrl, ReleasePolicy};

use crate::artifacts::{self, Tarball};
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::github;
use crate::npm::{Npm, Publication, Staging};
use crate::receipt::ReceiptBook;
use crate::registry::Registry;

use super::{Patience, PublishOptions};

/// An allowed publication.
#[derive(Debug)]
pub struct PublishPlan {
    pub(super) guard: guard::Plan,
    pub(super) registry: Registry,
    pub(super) tarball: Tarball,
    pub(super) npm: Npm,
    pub(super) provenance: Provenance,
    pub(super) staging: Staging,
    pub(super) source_revision: Option<String>,
    pub(super) receipts: ReceiptBook,
    pub(super) patience: Patience,
    pub(super) is_first: bool,
}

impl PublishPlan {
    /// What the guard lets happen.
    pub fn guard(&self) -> &guard::Plan {
        &self.guard
    }

    /// The registry it goes to.
    pub fn registry(&self) -> &RegistryUrl {
        self.registry.url()
    }

    /// The integrity of the bytes.
    pub fn integrity(&self) -> &guard::Integrity {
        self.tarball.integrity()
    }

    /// The command line of npm; the tarball's private copy is made when it runs.
    pub fn command(&self) -> String {
        let tarball = std::path::Path::new("PRIVATE-COPY.tgz");
        format!("npm {}", self.publication(tarball).arguments().join(" "))
    }

    /// What only the deed can show.
    pub fn unchecked(&self) -> Vec<&'static str> {
        let mut unchecked = vec!["whether npm has credentials that the registry accepts"];
        if self.provenance == Provenance::Attested {
            unchecked.push("whether the registry trusts this workflow (OIDC)");
        }
        unchecked
    }

    pub(super) fn publication<'a>(&'a self, tarball: &'a std::path::Path) -> Publication<'a> {
        Publication {
            tarball,
            tag: &self.guard.tag,
            registry: self.registry.url(),
            provenance: self.provenance,
            staging: self.staging,
        }
    }
}

/// Checks everything that can be checked without writing.
pub fn plan(
    options: &PublishOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<PublishPlan, PublishError> {
    let survey = artifacts::survey(&options.location, &options.built)?;
    let (true, Some(tarball)) = (survey.readiness.ready, survey.tarball) else {
        return Err(PublishError::NotReady(Box::new(survey.readiness)));
    };
    tarball.package().check(&options.built.version)?;
    let npm = Npm::new(environment)?;
    let provenance = provenance(environment, &npm, &tarball, desk)?;
    if options.staging == Staging::Staged && !npm.has(&["stage", "publish"], desk)? {
        return Err(PublishError::Prerequisite {
            message: "this npm has no `npm stage publish`".to_owned(),
            hint: "update npm, or publish without --stage".to_owned(),
        });
    }
    let url = chosen_registry(&survey.policy, options.registry.as_ref(), &npm, desk)?;
    let registry = Registry::at(url, proxy(environment));
    let state = registry.state(NPM_PACKAGE);
    let version = options.built.version.to_string();
    let request = PublishRequest {
        version: &version,
        tag: &options.tag,
        policy_tag: &survey.policy.npm.tag,
        integrity: tarball.integrity(),
        provenance,
        first_latest: options.first_latest,
        trust_downgrade: options.trust_downgrade,
    };
    let guard = guard::publish(&request, &state).map_err(PublishError::Refused)?;
    Ok(PublishPlan {
        guard,
        registry,
        tarball,
        npm,
        provenance,
        staging: options.staging,
        source_revision: survey.readiness.source_revision,
        receipts: ReceiptBook::in_folder(&options.location.reports),
        patience: options.patience,
        is_first: match &state {
            RegistryState::Package(package) => package.versions.is_empty(),
            RegistryState::NoPackage | RegistryState::Unknown(_) => true,
        },
    })
}

/// In a GitHub Actions job, with provenance; whatever would make npm fail there is found out first.
fn provenance(
    environment: &Environment,
    npm: &Npm,
    tarball: &Tarball,
    desk: &dyn Desk,
) -> Result<Provenance, PublishError> {
    if !github::is_job(environment) {
        return Ok(Provenance::Missing);
    }
    let findings = check_job(&github::job(environment, npm, tarball.package(), desk)?);
    if findings.is_empty() {
        Ok(Provenance::Attested)
    } else {
        Err(PublishError::Preflight(findings))
    }
}

/// The policy's registry; one that was asked for must be the same. Without either it is npm's own.
pub fn chosen_registry(
    policy: &ReleasePolicy,
    asked: Option<&RegistryUrl>,
    npm: &Npm,
    desk: &dyn Desk,
) -> Result<RegistryUrl, PublishError> {
    let named = policy
        .npm
        .registry
        .as_deref()
        .and_then(|address| address.parse::<RegistryUrl>().ok());
    match (named, asked) {
        (Some(named), Some(asked)) if named != *asked => Err(PublishError::Usage {
            message: format!("--registry is {asked}, but release-policy.json names {named}"),
            hint: "leave --registry away, or change npm.registry in release-policy.json".to_owned(),
        }),
        (Some(named), _) => Ok(named),
        (None, Some(asked)) => Ok(asked.clone()),
        (None, None) => npm.default_registry(desk),
    }
}

/// The proxy for https addresses.
pub fn proxy(environment: &Environment) -> Option<&str> {
    let set = |name: &str| {
        environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    set("https_proxy").or_else(|| set("HTTPS_PROXY"))
}
