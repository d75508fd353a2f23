//! Reads packages and compares them: what a release changes for the people who install it, and where a rebuilt
//! package differs from a published one.
//!
//! Pure: bytes in, facts out. Knows no registry, no file system and no limit of a policy.

mod comparison;
mod hosts;
mod locks;
mod package;
mod rebuild;
mod text;

pub use self::comparison::{
    Changed, Changes, Comparison, FileChanges, HostChanges, KeyChange, LockChanges, ModeChange, PinChange,
    ProgramSize, PublishedSize, Side, Upload, compare,
};
pub use self::package::{File, Package, PackageError};
pub use self::rebuild::{Cause, Difference, Kind, differences};
pub use self::text::{bytes, growth};
