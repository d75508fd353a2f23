//! What a registry has about the build and the publication of a version, read back and verified.

use ktx_inspect::Package;
use ktx_manifest::sbom::{REVISION, SBOM, Sbom};
use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::ProvenanceVerdict;
use ktx_provenance::{Expected, Provenance, Refusal, RegistryKeys, TrustRoot, verify, verify_publication};

use crate::error::PublishError;
use crate::registry::Registry;

/// The attestations of a version, and the keys of the registry that serves them.
#[derive(Debug)]
pub struct Evidence {
    attestations: Attestations,
    keys: Option<RegistryKeys>,
}

#[derive(Debug)]
enum Attestations {
    /// The description of the version names none.
    Unannounced,
    /// It names some, which the registry does not have, or does not have yet.
    Absent,
    Served(String),
}

impl Evidence {
    /// `address` is where the description of the version says that its attestations are.
    pub fn fetch(registry: &Registry, address: Option<&str>) -> Result<Self, PublishError> {
        let attestations = match address.map(|address| registry.fetch(address)).transpose()? {
            None => Attestations::Unannounced,
            Some(None) => Attestations::Absent,
            Some(Some(body)) => Attestations::Served(String::from_utf8_lossy(&body).into_owned()),
        };
        let keys = keys(registry)?;
        Ok(Self { attestations, keys })
    }

    /// A saved bundle, or a saved answer of a registry; without a registry its keys may not be known.
    pub fn saved(text: Option<String>, keys: Option<RegistryKeys>) -> Self {
        let attestations = text.map_or(Attestations::Unannounced, Attestations::Served);
        Self { attestations, keys }
    }

    pub fn is_announced(&self) -> bool {
        !matches!(self.attestations, Attestations::Unannounced)
    }

    /// The keys of the registry; `None` for one that signs nothing.
    pub fn keys(&self) -> Option<&RegistryKeys> {
        self.keys.as_ref()
    }

    /// Who built the version with these bytes. The commit has to be the one that the package itself names.
    pub fn built(&self, version: &str, bytes: &[u8], root: &TrustRoot) -> Result<Provenance, Refusal> {
        let text = self.text()?;
        let refused = |code, cause: &str| Refusal {
            code,
            cause: cause.to_owned(),
        };
        let revision = revision(bytes).ok_or_else(|| {
            refused(
                "provenance-commit",
                "the package names no commit to compare it with",
            )
        })?;
        let expected = Expected::of_package(NPM_PACKAGE, version, &revision);
        verify(root, text, bytes, &expected)
    }

    /// Whether the registry says that it published these bytes. `None` for one without keys, which signs nothing.
    pub fn published(&self, version: &str, bytes: &[u8], root: &TrustRoot) -> Option<Result<(), Refusal>> {
        let keys = self.keys.as_ref()?;
        Some(
            self.text()
                .and_then(|text| verify_publication(root, text, bytes, (NPM_PACKAGE, version), keys)),
        )
    }

    fn text(&self) -> Result<&str, Refusal> {
        let cause = match &self.attestations {
            Attestations::Served(text) => return Ok(text),
            Attestations::Unannounced => "the version has no attestation about its build",
            Attestations::Absent => "the version announces attestations that the registry does not have",
        };
        Err(Refusal {
            code: MISSING,
            cause: cause.to_owned(),
        })
    }

    /// Who built it. What the registry itself signed has to be right, and need not be there.
    pub(crate) fn judged(
        &self,
        version: &str,
        bytes: &[u8],
        root: &TrustRoot,
    ) -> Result<Provenance, Refusal> {
        let provenance = self.built(version, bytes, root)?;
        match self.published(version, bytes, root) {
            Some(Err(refusal)) if refusal.code != UNPUBLISHED => Err(refusal),
            _ => Ok(provenance),
        }
    }

    /// What the guard makes of it.
    pub(crate) fn verdict(&self, version: &str, bytes: &[u8], root: &TrustRoot) -> ProvenanceVerdict {
        match self.judged(version, bytes, root) {
            Ok(_) => ProvenanceVerdict::Verified,
            Err(Refusal { code: MISSING, cause }) => ProvenanceVerdict::Missing(cause),
            Err(Refusal { code, cause }) => ProvenanceVerdict::Refused(format!("{cause} ({code})")),
        }
    }
}

/// The code of a provenance that is not there.
pub const MISSING: &str = "provenance-missing";

/// The code of a publication that the registry does not attest.
pub const UNPUBLISHED: &str = "publication-missing";

/// The pinned root, or another one.
pub fn trust_root(other: Option<&str>) -> Result<TrustRoot, PublishError> {
    TrustRoot::read(other.unwrap_or(ktx_provenance::PINNED_ROOT)).map_err(|error| PublishError::Usage {
        message: format!("failed to read the trusted root: {error}"),
        hint: "pass a file in the format of Sigstore's trusted_root.json".to_owned(),
    })
}

fn keys(registry: &Registry) -> Result<Option<RegistryKeys>, PublishError> {
    let address = format!("{}-/npm/v1/keys", registry.url());
    let Some(body) = registry.fetch(&address)? else {
        return Ok(None);
    };
    let keys = RegistryKeys::read(&body).map_err(|error| PublishError::Registry {
        address,
        cause: format!("the answer is not a list of keys: {error}"),
    })?;
    Ok(Some(keys))
}

/// The commit that the bill of materials in the package names.
fn revision(bytes: &[u8]) -> Option<String> {
    let package = Package::read(bytes).ok()?;
    let bill: Sbom = serde_json::from_slice(&package.files.get(SBOM)?.content).ok()?;
    bill.metadata.component.property(REVISION).map(str::to_owned)
}
