//! Packages that differ in one way each, and what the comparison says about it.

mod comparing;
mod packages;
mod rebuilding;
mod sections;
