//! What the crate decides, seen from outside, as tables of data.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod budgets;
mod guard;
mod modes;
mod next_version;
mod preflight;
mod readiness;
mod reading;
