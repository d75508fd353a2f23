//! The JSON Schema of `release-policy.json`, generated from the types.

use super::ReleasePolicy;

/// The schema as the text that is checked in as `release-policy.schema.json`.
///
/// It lets an editor complete and check the file; what spans several keys is said by [`super::read`] alone.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(ReleasePolicy);
    format!("{:#}\n", schema.as_value())
}
