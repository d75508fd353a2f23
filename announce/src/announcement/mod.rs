//! The git tag and the release page of a version that was published.
//!
//! What is to be done follows from what GitHub has now, so the same command finishes what an interrupted one began, and
//! says that nothing is left to do when nothing is. Nothing that is there is moved or replaced.

mod archives;
mod assets;
mod execute;
mod plan;

pub use self::assets::{File, Role};
pub use self::execute::Announced;
pub use self::plan::{AnnounceOptions, Announcement, Step, plan};
