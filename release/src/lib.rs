//! Builds what is released: the wheel, the package tree, the tarball and the manifests.
//!
//! Everything here is a function of its options: no processes, no network, no clock, no environment. What needs
//! a process (the version that the host's binary prints, the commit's time) is passed in.

pub mod archive;
pub mod artifacts;
pub mod bill;
pub mod epoch;
mod error;
pub mod lock;
pub mod package;
pub mod pyproject;
pub mod signature;
pub mod tarball;
mod tree;
pub mod version;
pub mod wheel;

pub use self::error::{Error, ErrorKind};
pub use ktx_system::Interrupt;
