//! Which tag moves where, and the commands for it. Nothing is written.

use std::time::Duration;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{
    self, Commands, Decision, PromoteRequest, ProvenanceVerdict, PublishedProof, RegistryState, Released,
    RollbackRequest, TrustDowngrade,
};
use ktx_policy::release_policy::ProvenancePolicy;

use crate::artifacts::{Location, published_proof, read_policy};
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::npm::{Deprecation, Npm, TagCommand, commands, line};
use crate::provenance::{Evidence, trust_root};
use crate::receipt::{Operation, ReceiptBook};
use crate::registry::{self, Known, Packument, Registry};

/// Where a tag is moved.
#[derive(Debug, Clone)]
pub struct MoveOptions {
    /// Where the policy, the reports and the receipts are.
    pub location: Location,
    /// The requested registry; must be the policy's when that names one.
    pub registry: Option<RegistryUrl>,
    /// What the git tags and the release pages say.
    pub released: Released,
    /// The text of another trusted root than the pinned one.
    pub trusted_root: Option<String>,
    /// How long the registry may take.
    pub patience: Duration,
}

/// What to promote.
#[derive(Debug, Clone)]
pub struct PromoteOptions {
    /// The tag that points at the version.
    pub from: String,
    /// The tag that is to point at it.
    pub to: String,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
}

/// What to roll back.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// The tag.
    pub tag: String,
    /// The broken version; without one it is what the tag points at.
    pub from: Option<String>,
    /// The version to go back to; without one it is the last good one before the broken one.
    pub to: Option<String>,
    /// A version that the user confirms although nothing says that the tag pointed at it.
    pub confirmed: Option<String>,
}

/// An allowed move.
#[derive(Debug)]
pub struct MovePlan {
    pub(super) operation: Operation,
    pub(super) decision: Decision,
    pub(super) registry: Registry,
    pub(super) npm: Npm,
    pub(super) receipts: ReceiptBook,
    commands: Commands,
    /// What a rollback was given beside the broken version, for the command that repeats it.
    given: String,
    pub(super) patience: Duration,
}

impl MovePlan {
    /// What the guard allows.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The registry.
    pub fn registry(&self) -> &RegistryUrl {
        self.registry.url()
    }

    /// The command line that moves the tag.
    pub fn command(&self) -> String {
        let command = TagCommand {
            version: &self.decision.version,
            tag: &self.decision.tag,
            registry: self.registry.url(),
        };
        line(&command.arguments())
    }

    /// For a rollback, the command of this toolchain that repeats it: it names the broken version, so that repeating it
    /// finds it done.
    pub fn again(&self) -> Option<String> {
        let broken = self.decision.broken.as_ref()?;
        Some(self.commands.rollback(&self.decision.tag, broken, &self.given))
    }

    /// For a rollback, the command line that warns users of the broken version. It is only proposed: a person
    /// describes what is wrong.
    pub fn deprecation(&self) -> Option<String> {
        let broken = self.decision.broken.as_ref()?;
        let message = format!("broken: use {}", self.decision.version);
        let deprecation = Deprecation {
            version: broken,
            message: &message,
            registry: self.registry.url(),
        };
        Some(line(&deprecation.arguments()))
    }
}

/// Plans a promotion.
pub fn promote(
    options: &MoveOptions,
    promote: &PromoteOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<MovePlan, PublishError> {
    let access = RegistryAccess::of(options, environment, desk)?;
    let (state, packument) = access.facts(options, desk);
    let (proof, provenance) = match &packument {
        Some(packument) => witnesses(packument, &promote.from, &access, options)?,
        None => (None, ProvenanceVerdict::NotRequired),
    };
    let request = PromoteRequest {
        provenance,
        from: &promote.from,
        to: &promote.to,
        proof,
        trust_downgrade: promote.trust_downgrade,
        commands: &access.commands,
    };
    let decision = guard::promote(&request, &state).map_err(PublishError::Refused)?;
    Ok(access.plan(Operation::Promote, decision, options))
}

/// The proof for the version on `from`, compared with the bytes that the registry serves now, and what their provenance is
/// worth.
fn witnesses(
    packument: &Packument,
    from: &str,
    access: &RegistryAccess,
    options: &MoveOptions,
) -> Result<(Option<PublishedProof>, ProvenanceVerdict), PublishError> {
    let published = packument
        .tags
        .get(from)
        .and_then(|version| Some((version, packument.versions.get(version)?)));
    let Some((version, published)) = published else {
        return Ok((None, ProvenanceVerdict::NotRequired));
    };
    let registry = &access.registry;
    let served = registry.tarball(&published.dist.tarball)?;
    let proof = published_proof(&options.location.reports, registry.url(), version, &served);
    let provenance = match access.provenance {
        ProvenancePolicy::Optional => ProvenanceVerdict::NotRequired,
        ProvenancePolicy::Required => {
            let root = trust_root(options.trusted_root.as_deref())?;
            Evidence::fetch(registry, published.dist.attestations())?.verdict(version, &served, &root)
        }
    };
    Ok((proof, provenance))
}

/// Plans a rollback.
pub fn rollback(
    options: &MoveOptions,
    rollback: &RollbackOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<MovePlan, PublishError> {
    let access = RegistryAccess::of(options, environment, desk)?;
    let (state, _) = access.facts(options, desk);
    let mut witnesses = access
        .receipts
        .witnesses(access.registry.url(), &rollback.tag, desk);
    witnesses.released = options.released.about(access.registry.url());
    let request = RollbackRequest {
        tag: &rollback.tag,
        from: rollback.from.as_deref(),
        to: rollback.to.as_deref(),
        confirmed: rollback.confirmed.as_deref(),
        witnesses: &witnesses,
        commands: &access.commands,
    };
    let decision = guard::rollback(&request, &state).map_err(PublishError::Refused)?;
    let option =
        |name: &str, value: &Option<String>| value.as_ref().map(|value| format!(" --{name} {value}"));
    let given = [option("to", &rollback.to), option("confirm", &rollback.confirmed)];
    Ok(MovePlan {
        given: given.into_iter().flatten().collect(),
        ..access.plan(Operation::Rollback, decision, options)
    })
}

/// Where both moves happen.
struct RegistryAccess {
    npm: Npm,
    registry: Registry,
    receipts: ReceiptBook,
    commands: Commands,
    provenance: ProvenancePolicy,
}

impl RegistryAccess {
    fn of(options: &MoveOptions, environment: &Environment, desk: &dyn Desk) -> Result<Self, PublishError> {
        let (policy, _) = read_policy(&options.location.policy)?;
        let npm = Npm::new(environment)?;
        let registry = registry::chosen(&policy, options.registry.as_ref(), environment, &npm, desk)?;
        let receipts = ReceiptBook::in_folder(&options.location.reports);
        let commands = commands(
            options.location.flag.as_deref(),
            options.registry.as_ref(),
            registry.url(),
        );
        Ok(Self {
            npm,
            registry,
            receipts,
            commands,
            provenance: policy.npm.provenance,
        })
    }

    fn facts(&self, options: &MoveOptions, desk: &dyn Desk) -> (RegistryState, Option<Packument>) {
        let known = Known {
            receipts: self.receipts.served(self.registry.url(), desk),
            released: options.released.about(self.registry.url()),
        };
        self.registry.facts(NPM_PACKAGE, &known)
    }

    fn plan(self, operation: Operation, decision: Decision, options: &MoveOptions) -> MovePlan {
        MovePlan {
            operation,
            decision,
            registry: self.registry,
            npm: self.npm,
            receipts: self.receipts,
            commands: self.commands,
            given: String::new(),
            patience: options.patience,
        }
    }
}
