//! What a registry says about a package: its packument, fetched without credentials.
//!
//! Only the policy's registry is used: no configuration of npm is read here, and a packument that points its tarballs
//! at another host is not followed.

mod choice;
mod client;
mod fetch;
mod known;
mod packument;

pub use self::choice::{chosen, proxy_for};
pub use self::client::Registry;
pub(crate) use self::client::system_roots;
pub use self::known::Known;
pub use self::packument::{Dist, Packument, PublishedVersion};
