//! Who built a published package, and from what: its provenance, verified by the certificates of Sigstore and its public
//! log, against what this project expects; and what the registry itself signed about it.
//!
//! Needs no network: the trusted root is pinned in `trusted_root.json`, which `cargo xtask trust-root` replaces on purpose. The cryptography is
//! ring's, under sigstore-verify.

mod claims;
mod provider;
mod publication;
mod registry_keys;
mod root;
mod verify;

pub use self::claims::{Expected, Provenance, REPOSITORY, Refusal, WORKFLOW};
pub use self::publication::verify_publication;
pub use self::registry_keys::{RegistryKey, RegistryKeys};
pub use self::root::{LOCKED_ROOT, PINNED_ROOT, RootChange, RootChangeKind, TrustRoot, root_changes};
pub use self::verify::verify;
