//! Behaviour of the formats, seen from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archive;
mod artifact_manifest;
mod asset_manifest_text;
mod damaged_manifests;
mod damaged_wheels;
mod names;
mod other_readers;
mod paths;
mod python3;
mod python_texts;
mod random_damage;
mod record;
mod runtime_bundle;
mod smoke_report;
mod tarball;
