//! The builds from outside: small sources in, artifacts out, each refusal beside its twin that passes.

mod artifacts;
mod bill;
mod determinism;
mod judges;
mod package;
mod package_rules;
mod program_headers;
mod pyproject;
mod secrets;
mod signatures;
mod sources;
mod tarball;
mod wheel;
