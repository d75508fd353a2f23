//! Behaviour of the formats, seen from outside.

mod asset_manifest_text;
mod names;
