//! The git tag and the release page of a version that was published.
//!
//! The steps follow from what GitHub has now, so the same command finishes what an interrupted one began, and reports
//! when nothing is left to do. Nothing that exists is moved or replaced.

mod archives;
mod assets;
mod execute;
mod plan;

pub use self::assets::{File, Role};
pub use self::execute::Announced;
pub use self::plan::{AnnounceOptions, Announcement, Step, plan};
