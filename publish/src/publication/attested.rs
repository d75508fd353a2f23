//! After the read-back: who built what the registry serves, by the attestations that it serves with it.

use std::time::{Duration, Instant};

use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{Commands, Provenance};
use ktx_policy::release_policy::ProvenancePolicy;
use ktx_provenance::Refusal;

use crate::desk::Desk;
use crate::error::PublishError;
use crate::provenance::{Evidence, MISSING};
use crate::read_back::Pauses;

use super::prepare::PublishPlan;
use super::report::{ProvenanceResult, PublishResult};

const BY_HAND: &str = "the version was published without provenance";

impl PublishPlan {
    /// Waits for the attestations of a version that was published with provenance, and verifies whatever is announced.
    pub(super) fn attested(
        &self,
        result: &PublishResult,
        desk: &dyn Desk,
    ) -> Result<ProvenanceResult, PublishError> {
        let is_attested = self.provenance == Provenance::Attested;
        let not_checked = |why| Ok(ProvenanceResult::NotChecked { why });
        let is_expected = match result {
            PublishResult::PublishedNotYetVisible { .. } | PublishResult::Staged(_) => {
                return not_checked("the registry does not serve the version");
            }
            PublishResult::Published if !is_attested => return not_checked(BY_HAND),
            PublishResult::Published => true,
            // It may have been published by hand, which only the policy forbids.
            PublishResult::AlreadyPublished | PublishResult::TagMoved => {
                is_attested && self.required == ProvenancePolicy::Required
            }
        };
        let patience = if is_expected {
            self.patience.provenance
        } else {
            Duration::ZERO
        };
        let deadline = Instant::now() + patience;
        let mut pauses = Pauses::until(deadline);
        let mut is_told = false;
        loop {
            if desk.interrupted() {
                return Err(PublishError::Interrupted);
            }
            let seen = match self.evidence() {
                Err(error) => error.to_string(),
                Ok(evidence) if !is_expected && !evidence.is_announced() => return not_checked(BY_HAND),
                Ok(evidence) => {
                    let (version, bytes) = (&self.decision.version, self.tarball.bytes());
                    match evidence.judged(version, bytes, &self.trusted) {
                        Ok(provenance) => return Ok(ProvenanceResult::Verified(provenance)),
                        Err(Refusal { code: MISSING, cause }) => cause,
                        Err(refusal) => return Err(self.built_elsewhere(&refusal)),
                    }
                }
            };
            if Instant::now() >= deadline {
                return Ok(ProvenanceResult::NotYetVisible { seen });
            }
            if !is_told {
                desk.talk(&format!("waiting for the registry: {seen}"));
                is_told = true;
            }
            pauses.wait(desk);
        }
    }

    fn evidence(&self) -> Result<Evidence, PublishError> {
        let packument = self.registry.packument(NPM_PACKAGE)?.unwrap_or_default();
        let published = packument.versions.get(&self.decision.version);
        Evidence::fetch(
            &self.registry,
            published.and_then(|published| published.dist.attestations()),
        )
    }

    fn built_elsewhere(&self, Refusal { code, cause }: &Refusal) -> PublishError {
        let version = &self.decision.version;
        let next = version
            .parse()
            .map(|version| Commands::default().next_number(&version));
        PublishError::Integrity {
            message: format!(
                "the provenance of {version} is not that of the release workflow: {cause} ({code})"
            ),
            hint: format!(
                "promote nothing; find out who published it, then take the next number: {}",
                next.unwrap_or_default()
            ),
        }
    }
}
