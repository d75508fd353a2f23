//! The provenance of a published version, read back from the registry and verified.

use ktx_inspect::Package;
use ktx_manifest::sbom::{REVISION, SBOM, Sbom};
use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::ProvenanceVerdict;
use ktx_provenance::{Expected, Provenance, Refusal, TrustRoot, verify};

use crate::error::PublishError;
use crate::registry::Registry;

/// What the attestations at `address` prove about the version with these bytes. The commit has to be the one that the
/// package itself names.
pub fn read_provenance(
    registry: &Registry,
    address: Option<&str>,
    version: &str,
    bytes: &[u8],
    root: &TrustRoot,
) -> Result<Result<Provenance, Refusal>, PublishError> {
    let missing = || Refusal {
        code: "provenance-missing",
        cause: "the version has no attestation about its build".to_owned(),
    };
    let Some(address) = address else {
        return Ok(Err(missing()));
    };
    let Some(body) = registry.fetch(address)? else {
        return Ok(Err(missing()));
    };
    let revision = revision(bytes);
    let expected = Expected::of_package(NPM_PACKAGE, version, revision.as_deref());
    Ok(verify(root, &String::from_utf8_lossy(&body), bytes, &expected))
}

/// The pinned root, or another one.
pub fn trust_root(other: Option<&str>) -> Result<TrustRoot, PublishError> {
    TrustRoot::read(other.unwrap_or(ktx_provenance::PINNED_ROOT)).map_err(|error| PublishError::Usage {
        message: format!("failed to read the trusted root: {error}"),
        hint: "pass a file in the format of Sigstore's trusted_root.json".to_owned(),
    })
}

/// What the guard makes of it.
pub(crate) fn verdict(read: Result<Provenance, Refusal>) -> ProvenanceVerdict {
    match read {
        Ok(_) => ProvenanceVerdict::Verified,
        Err(Refusal {
            code: "provenance-missing",
            cause,
        }) => ProvenanceVerdict::Missing(cause),
        Err(Refusal { code, cause }) => ProvenanceVerdict::Refused(format!("{cause} ({code})")),
    }
}

/// The commit that the bill of materials in the package names.
fn revision(bytes: &[u8]) -> Option<String> {
    let package = Package::read(bytes).ok()?;
    let bill: Sbom = serde_json::from_slice(&package.files.get(SBOM)?.content).ok()?;
    bill.metadata.component.property(REVISION).map(str::to_owned)
}
