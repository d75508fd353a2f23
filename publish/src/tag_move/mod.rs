//! Promoting and rolling back: a tag is pointed at a version that the registry has.
//!
//! OIDC cannot move tags, so this is a person's work, with a second factor. The commands are shown; they are run only
//! on demand, and what came of them is read back.

mod execute;
mod plan;

pub use self::execute::{MoveReport, MoveResult};
pub use self::plan::{MoveOptions, MovePlan, PromoteOptions, RollbackOptions, promote, rollback};
