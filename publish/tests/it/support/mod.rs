//! What the tests stand on: a registry, a proxy that misbehaves before it, and a release to publish.

mod http;
mod proxy;
mod registry;
pub mod release;

pub use self::proxy::{Fault, Proxy};
pub use self::registry::LocalRegistry;
pub use self::release::{Quiet, Release, tags};
