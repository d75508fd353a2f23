//! The formats that the release toolchain writes and the shipped program reads, and the archives themselves, read
//! strictly.
//!
//! | module | holds |
//! | --- | --- |
//! | [`digest`], [`archive_path`], [`path_set`], [`wheel_filename`] | paths, file names and digests, each parsed once into its type |
//! | [`archive`] | a zip reader that takes only what every reader reads alike |
//! | [`wheel`], [`record`] | a whole wheel: metadata, contents, RECORD both ways |
//! | [`tarball`] | the same strictness for npm tarballs |
//! | [`package_layout`] | where a package holds what both sides look for |
//! | [`asset_manifest`] | what a package bundles; [`BundledAssets::verify`] is the only way to [`VerifiedAssets`] |
//! | [`lock_file`] | pins, bound by their header |
//! | [`artifact_manifest`] | what a build made, held against the directory it made it in |
//! | [`program_marks`] | what a program's bytes say about its version and its build |
//! | [`locked`] | which files a locked requirement may be |
//! | [`runtime_bundle`] | everything that an installation needs, in one file |
//! | [`sbom`] | the bill of materials: what is in the programs, and what the locks name |
//! | [`uv_pin`] | the uv that is downloaded when the user agrees |
//! | [`smoke_report`] | what was proven, for which bytes |
//!
//! Nothing here spawns a process, uses the network, reads the environment or prints. Checks return what they found;
//! archive readers use bounded memory whatever an archive claims.

pub mod archive;
pub mod archive_path;
pub mod artifact_manifest;
pub mod asset_manifest;
mod bounded;
pub mod digest;
mod json;
pub mod lock_file;
pub mod locked;
pub mod package_layout;
pub mod path_set;
pub mod program_marks;
pub mod record;
pub mod runtime_bundle;
pub mod sbom;
pub mod schema_version;
pub mod smoke_report;
pub mod tarball;
pub mod uv_pin;
pub mod wheel;
pub mod wheel_filename;

pub use archive_path::ArchivePath;
pub use asset_manifest::{AssetError, AssetManifest, BundledAssets, VerifiedAssets};
pub use digest::{ContentId, HashingWriter, Sha256Digest};
pub use json::to_text as json_text;
pub use ktx_names::{BuildProfile, Feature, Finding, Platform, Severity, UnknownFeature};
pub use lock_file::{LockFile, LockFileError};
pub use uv_pin::UvPin;
pub use wheel_filename::WheelFilename;
