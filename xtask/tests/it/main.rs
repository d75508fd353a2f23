//! The toolchain from outside: its command line, and the rules of the repository.

mod announcing;
mod attested;
mod auditing;
mod bill;
mod builds;
mod checkout;
mod command_line;
mod comparing;
mod dist;
mod endpoints;
#[cfg(unix)]
mod interrupted;
#[cfg(target_os = "linux")]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod killed_smoke;
mod locking;
mod noting;
#[cfg(target_os = "linux")]
mod output;
mod page;
#[cfg(unix)]
mod pipeline;
mod program;
mod released_pages;
mod releaser;
mod releasing;
mod runbook;

#[path = "../../../publish/tests/it/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "the publishing library's tests use all of it, and fail by panicking"
)]
mod support;

mod signing;
mod staged;
mod standing;
mod tag_moves;
mod tidy;
mod tidy_crates;
mod tidy_docs;
mod tidy_errors;
mod tidy_imports;
mod tidy_names;
#[cfg(unix)]
mod verifying;
mod versions;
mod workflows;
