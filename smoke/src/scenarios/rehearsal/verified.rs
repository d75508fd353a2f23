//! What anyone can verify in the end, from the registry alone. Building the version again takes minutes: the tests of
//! `verify-published` rebuild everything around the programs, `cargo xtask test --suite reproducible` the programs.

use super::checkout::Checkout;
use crate::failure::Stop;

/// Every check that the registry offers anything for passes, on the version under `tag` and under its number.
pub fn verify_published(releaser: &Checkout<'_>, tag: &str, version: &str) -> Result<(), Stop> {
    for (id, asked) in [("verify-tag", tag), ("verify-number", version)] {
        releaser
            .release(id, "verify-published")
            .arg(asked)
            .stdout_has(format!("@{version} on "))
            .stdout_has("passed: the bytes are those that the registry announces\n")
            .stdout_has("passed: the tarball has one reading only\n")
            .stdout_has("passed: wheel, locks, programs and manifest in the package agree\n")
            .check()?;
    }
    // A version that nobody published is not verified.
    releaser
        .release("verify-nothing", "verify-published 999.0.0")
        .exits(2)
        .check()?;
    Ok(())
}
