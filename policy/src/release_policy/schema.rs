//! The JSON Schema of `release-policy.json`, generated from the types.

use ktx_names::Platform;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::{ReleasePolicy, SIGNABLE};

/// The schema as the text that is checked in as `release-policy.schema.json`.
///
/// It lets an editor complete and check the file; rules that span several keys are only checked by [`super::read`].
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(ReleasePolicy);
    format!("{:#}\n", schema.as_value())
}

pub(super) fn platforms(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "enum": Platform::ALL.map(Platform::as_str)},
        "minItems": 1,
        "uniqueItems": true,
    })
}

pub(super) fn signing(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "enum": SIGNABLE.map(Platform::as_str)},
        "uniqueItems": true,
    })
}

pub(super) fn lanes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "pattern": r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"},
        "uniqueItems": true,
    })
}
