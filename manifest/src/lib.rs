//! The formats that the release toolchain writes and the shipped program reads: digests, archive paths, manifests,
//! and the archives themselves, read strictly.
//!
//! Nothing here spawns a process, reaches a network, reads the environment or prints. Checks hand out what they found.

pub mod archive;
pub mod archive_path;
pub mod artifact_manifest;
pub mod asset_manifest;
mod bounded;
pub mod digest;
pub mod finding;
mod json;
pub mod path_set;
pub mod platform;
pub mod record;
pub mod smoke_report;
pub mod tarball;
pub mod wheel;
pub mod wheel_filename;

pub use archive_path::ArchivePath;
pub use asset_manifest::{AssetError, AssetManifest, BundledAssets, VerifiedAssets};
pub use digest::{ContentId, HashingWriter, Sha256Digest};
pub use finding::{Finding, Severity};
pub use json::to_text as json_text;
pub use platform::Platform;
pub use wheel_filename::WheelFilename;
