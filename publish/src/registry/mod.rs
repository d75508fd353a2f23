//! What a registry says about a package: its packument, fetched without credentials.
//!
//! The addresses are the policy's registry and nothing else: no configuration of npm is read here, and a packument that
//! points its tarballs at another host is not followed.

mod choice;
mod client;
mod fetch;
mod known;
mod packument;

pub use self::choice::chosen;
pub use self::client::Registry;
pub(crate) use self::client::system_roots;
pub use self::known::Known;
pub use self::packument::{Dist, Packument, PublishedVersion};
