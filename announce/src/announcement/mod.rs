//! The git tag and the release page of a version that was published.
//!
//! The steps follow from what GitHub has now, so the same command finishes what an interrupted one began, and reports
//! when nothing is left to do. Nothing that exists is moved or replaced.

mod archives;
mod assets;
mod execute;
mod page_file;
mod plan;

pub use self::execute::Announced;
pub use self::page_file::{PageFile, Role};
pub use self::plan::{AnnounceOptions, Announcement, Step, plan};
