//! What the tests stand on: a registry and a release to publish.

pub mod contents;
mod registry;
pub mod release;

pub use self::registry::{LocalRegistry, Somebody};
pub use self::release::{Quiet, Release, make_executable, tags};
