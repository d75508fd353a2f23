//! Publishing, promoting and rolling back against a real local registry, and against one that misbehaves.
//!
//! The registry is verdaccio from the tools that `cargo xtask test` installs; storage, configuration and user lie in a
//! folder of the test, and there is no uplink.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod answers;
mod attested;
mod chain;
mod claims;
mod faults;
mod forgeries;
mod isolation;
mod job;
mod ranges;
mod receipts;
mod staging;
mod story;
mod tarballs;
