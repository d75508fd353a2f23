//! Prints the JSON Schema of `release-policy.json`, as it is checked in.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(ktx_policy::release_policy::json_schema().as_bytes())
}
