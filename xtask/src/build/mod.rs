//! `cargo xtask build`: programs, wheel, package, tarball and artifact manifest.

pub mod programs;
