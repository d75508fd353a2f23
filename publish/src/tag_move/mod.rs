//! Promoting and rolling back: a tag is pointed at a version that the registry has.
//!
//! OIDC cannot move tags, so it takes a person with a 2FA code. The commands are shown; they are run only with
//! `--execute`, and their outcome is read back.

mod execute;
mod plan;
mod point;

pub use self::execute::{MoveReport, MoveResult};
pub use self::plan::{MoveOptions, MovePlan, PromoteOptions, RollbackOptions, promote, rollback};
pub(crate) use self::point::{MovePatience, overtaken, point};
