//! A good package about whose origin the registry has something wrong: what a thief of credentials would leave there.
//!
//! Sigstore and the registry are stand-ins with keys of their own. Before each sabotage the right evidence for the same
//! package has to pass.

use std::io::{Error, Result};

use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_manifest::sbom::{Property, REVISION};
use serde_json::{Value, json};

use super::{Artifact, Catcher, Judges, Sabotage};

/// What a registry has about a version, and whom the verification trusts.
pub struct Evidence {
    pub version: String,
    /// The registry's answer about the attestations.
    pub attestations: String,
    /// Its answer about its keys.
    pub keys: String,
    pub trusted_root: String,
}

/// Who signs, and what.
pub struct Signer<'s> {
    authority: Authority,
    bytes: &'s [u8],
    version: String,
}

/// What the registry then has about the package.
pub type Attest = fn(&Signer<'_>) -> Vec<Value>;

/// The commit that the package names.
const COMMIT: &str = "c0ffee0000000000000000000000000000000000";

impl Signer<'_> {
    fn build(&self, change: fn(&mut Claims), flaw: Flaw) -> Value {
        let mut claims = Claims::of(&self.version, COMMIT);
        change(&mut claims);
        self.authority.attestation(self.bytes, &claims, flaw)
    }

    fn publication(&self, flaw: Flaw) -> Value {
        self.authority.publication(self.bytes, &self.version, flaw)
    }

    fn codes(&self, attestations: &[Value], judges: Judges<'_>) -> Vec<String> {
        let evidence = Evidence {
            version: self.version.clone(),
            attestations: json!({"attestations": attestations}).to_string(),
            keys: self.authority.registry_keys().to_string(),
            trusted_root: self.authority.trusted_root(),
        };
        (judges.published)(self.bytes, &evidence)
    }
}

impl Artifact {
    /// What is wrong with what the registry has about the packed artifact; or with the right evidence, if that does not
    /// pass.
    pub(super) fn codes_of_evidence(&self, bytes: &[u8], judges: Judges<'_>) -> Result<Vec<String>> {
        let attest = self
            .attest
            .ok_or_else(|| Error::other("the sabotage says nothing about the registry"))?;
        let signer = Signer {
            authority: Authority::default(),
            bytes,
            version: self.package.version()?,
        };
        let good = [signer.publication(Flaw::None), signer.build(|_| {}, Flaw::None)];
        let codes = signer.codes(&good, judges);
        if !codes.is_empty() {
            return Ok(codes
                .iter()
                .map(|code| format!("the right evidence: {code}"))
                .collect());
        }
        Ok(signer.codes(&attest(&signer), judges))
    }
}

/// A sabotage that `verify-published` catches with this code.
macro_rules! refused {
    ($name:literal, $code:literal, $attest:expr) => {
        Sabotage {
            name: $name,
            apply: |artifact| {
                artifact.attest = Some($attest);
                artifact.package.damage_bill(|sbom| {
                    let properties = &mut sbom.metadata.component.properties;
                    properties.retain(|property| property.name != REVISION);
                    properties.push(Property {
                        name: REVISION.to_owned(),
                        value: COMMIT.to_owned(),
                    });
                })
            },
            caught_by: Catcher::Published($code),
        }
    };
}

pub const ALL: &[Sabotage] = &[
    refused!("attestation-missing", "provenance-missing", |signer| vec![
        signer.publication(Flaw::None)
    ]),
    refused!("attestation-forged", "provenance-signature", |signer| vec![
        signer.build(|_| {}, Flaw::ForgedSignature)
    ]),
    refused!("attestation-of-other-bytes", "provenance-subject", |signer| {
        let claims = Claims::of(&signer.version, COMMIT);
        vec![signer.authority.attestation(b"other bytes", &claims, Flaw::None)]
    }),
    refused!(
        "attestation-by-another-repository",
        "provenance-repository",
        |signer| {
            let fork = |claims: &mut Claims| claims.repository = "https://github.com/eve/ktx".to_owned();
            vec![signer.build(fork, Flaw::None)]
        }
    ),
    refused!(
        "attestation-by-another-workflow",
        "provenance-workflow",
        |signer| {
            let ci = |claims: &mut Claims| claims.workflow = ".github/workflows/ci.yml".to_owned();
            vec![signer.build(ci, Flaw::None)]
        }
    ),
    refused!("attestation-from-a-side-branch", "provenance-ref", |signer| {
        let side = |claims: &mut Claims| claims.reference = "refs/heads/mainly".to_owned();
        vec![signer.build(side, Flaw::None)]
    }),
    refused!("attestation-of-another-commit", "provenance-commit", |signer| {
        let other = |claims: &mut Claims| claims.commit = "decaf".repeat(8);
        vec![signer.build(other, Flaw::None)]
    }),
    refused!(
        "attestation-by-an-expired-certificate",
        "provenance-expired",
        |signer| vec![signer.build(|_| {}, Flaw::Expired)]
    ),
    refused!("attestation-not-in-the-log", "provenance-log", |signer| vec![
        signer.build(|_| {}, Flaw::NotLogged)
    ]),
    refused!("attestation-by-another-authority", "provenance-log", |signer| {
        let claims = Claims::of(&signer.version, COMMIT);
        vec![Authority::default().attestation(signer.bytes, &claims, Flaw::None)]
    }),
    refused!("publication-forged", "publication-signature", |signer| vec![
        signer.publication(Flaw::ForgedSignature),
        signer.build(|_| {}, Flaw::None)
    ]),
    refused!("publication-by-an-unknown-key", "publication-key", |signer| vec![
        signer.publication(Flaw::UnknownKey),
        signer.build(|_| {}, Flaw::None)
    ]),
];
