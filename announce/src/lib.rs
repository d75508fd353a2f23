//! Everything around a publication: the comparison with the last version, the notes, the page that the approver
//! reads, the git tag and the release page afterwards, and the verification of a published version.
//!
//! Publishes nothing and moves no dist-tag. Knows no command line and prints nothing.

pub mod announcement;
mod beside;
mod facts;
pub mod github;
mod notes;
mod page;
pub mod published;
pub mod status;

pub use self::beside::against_registry;
pub use self::facts::Release;
pub use self::page::PAGE_FILE;
