//! GitHub's REST API, as far as announcing needs it: git tags and releases of one repository.
//!
//! <https://docs.github.com/en/rest/releases> and <https://docs.github.com/en/rest/git/tags>, version 2022-11-28.

mod client;
mod release;
mod tag;

pub use self::client::{Repository, Token};
pub use self::release::{Asset, AssetState, GithubRelease, NewRelease, notes_on};
