//! The harness proven against programs that misbehave.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod deadlines;
mod leavings;
mod places;
mod reports;
mod stand;
