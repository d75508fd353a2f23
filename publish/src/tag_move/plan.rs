//! Which tag moves where, and the commands for it. Nothing is written.

use std::time::Duration;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{
    self, Commands, Plan, PromoteRequest, PublishedProof, RegistryState, RollbackRequest, TrustDowngrade,
};

use crate::artifacts::{Location, published_proof, read_policy};
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::npm::{Deprecation, Npm, TagMove, line};
use crate::publication::commands;
use crate::receipt::{Operation, ReceiptBook};
use crate::registry::{self, Packument, Registry};

/// Where a tag is moved.
#[derive(Debug, Clone)]
pub struct MoveOptions {
    /// Where the policy, the reports and the receipts lie.
    pub location: Location,
    /// The registry that was asked for; must be the policy's when that names one.
    pub registry: Option<RegistryUrl>,
    /// How long the registry may take.
    pub patience: Duration,
}

/// What is to be promoted.
#[derive(Debug, Clone)]
pub struct PromoteOptions {
    /// The tag that points at the version.
    pub from: String,
    /// The tag that is to point at it.
    pub to: String,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
}

/// What is to be rolled back.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// The tag.
    pub tag: String,
    /// The version; without one it is the last that the receipts know of.
    pub to: Option<String>,
    /// A version that is meant although no receipt names it.
    pub confirmed: Option<String>,
}

/// An allowed move.
#[derive(Debug)]
pub struct MovePlan {
    pub(super) operation: Operation,
    pub(super) guard: Plan,
    pub(super) registry: Registry,
    pub(super) npm: Npm,
    pub(super) receipts: ReceiptBook,
    pub(super) patience: Duration,
}

impl MovePlan {
    /// What the guard lets happen.
    pub fn guard(&self) -> &Plan {
        &self.guard
    }

    /// The registry.
    pub fn registry(&self) -> &RegistryUrl {
        self.registry.url()
    }

    /// The command line that moves the tag.
    pub fn command(&self) -> String {
        line(&self.tag_move().arguments())
    }

    /// For a rollback, the command line that warns people of the version that is left. It is only proposed: what to
    /// tell people is theirs to say who know what is wrong.
    pub fn deprecation(&self) -> Option<String> {
        let left = self.guard.tags_before.get(&self.guard.tag)?;
        if self.operation != Operation::Rollback || *left == self.guard.version {
            return None;
        }
        let message = format!("broken: use {}", self.guard.version);
        let deprecation = Deprecation {
            version: left,
            message: &message,
            registry: self.registry.url(),
        };
        Some(line(&deprecation.arguments()))
    }

    pub(super) fn tag_move(&self) -> TagMove<'_> {
        TagMove {
            version: &self.guard.version,
            tag: &self.guard.tag,
            registry: self.registry.url(),
        }
    }
}

/// Plans a promotion.
pub fn promote(
    options: &MoveOptions,
    promote: &PromoteOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<MovePlan, PublishError> {
    let ground = prepare(options, environment, desk)?;
    let (state, proof) = match ground.registry.packument(NPM_PACKAGE) {
        Ok(Some(packument)) => {
            let proof = proof(&packument, &promote.from, &ground.registry, options)?;
            (RegistryState::Package(packument.state()), proof)
        }
        Ok(None) => (RegistryState::NoPackage, None),
        Err(error) => (RegistryState::Unknown(error.to_string()), None),
    };
    let request = PromoteRequest {
        from: &promote.from,
        to: &promote.to,
        proof,
        trust_downgrade: promote.trust_downgrade,
        commands: &ground.commands,
    };
    let guard = guard::promote(&request, &state).map_err(PublishError::Refused)?;
    Ok(ground.plan(Operation::Promote, guard, options))
}

/// The proof for the version on `from`, held against the bytes that the registry serves now.
fn proof(
    packument: &Packument,
    from: &str,
    registry: &Registry,
    options: &MoveOptions,
) -> Result<Option<PublishedProof>, PublishError> {
    let published = packument
        .tags
        .get(from)
        .and_then(|version| Some((version, packument.versions.get(version)?)));
    let Some((version, published)) = published else {
        return Ok(None);
    };
    let served = registry.tarball(&published.dist.tarball)?;
    Ok(published_proof(
        &options.location.reports,
        registry.url(),
        version,
        &served,
    ))
}

/// Plans a rollback.
pub fn rollback(
    options: &MoveOptions,
    rollback: &RollbackOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<MovePlan, PublishError> {
    let ground = prepare(options, environment, desk)?;
    let state = ground.registry.state(NPM_PACKAGE);
    let request = RollbackRequest {
        tag: &rollback.tag,
        to: rollback.to.as_deref(),
        history: &ground.receipts.history(ground.registry.url(), &rollback.tag)?,
        confirmed: rollback.confirmed.as_deref(),
        commands: &ground.commands,
    };
    let guard = guard::rollback(&request, &state).map_err(PublishError::Refused)?;
    Ok(ground.plan(Operation::Rollback, guard, options))
}

/// What both moves stand on.
struct Ground {
    npm: Npm,
    registry: Registry,
    receipts: ReceiptBook,
    commands: Commands,
}

impl Ground {
    fn plan(self, operation: Operation, guard: Plan, options: &MoveOptions) -> MovePlan {
        MovePlan {
            operation,
            guard,
            registry: self.registry,
            npm: self.npm,
            receipts: self.receipts,
            patience: options.patience,
        }
    }
}

fn prepare(
    options: &MoveOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<Ground, PublishError> {
    let (policy, _) = read_policy(&options.location.policy)?;
    let npm = Npm::new(environment)?;
    let registry = registry::chosen(&policy, options.registry.as_ref(), environment, &npm, desk)?;
    let receipts = ReceiptBook::in_folder(&options.location.reports);
    let commands = commands(&options.location, options.registry.as_ref(), registry.url());
    Ok(Ground {
        npm,
        registry,
        receipts,
        commands,
    })
}
