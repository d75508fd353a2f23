//! Files and folders that change in one step: readers see the old content or the new one, never half of either.

mod error;
mod unfinished;

pub use self::error::PathError;
pub use self::unfinished::{Access, NewFile, is_unfinished, replace_directory, sweep, write};
pub use crate::platform::{
    Exchange, exchange, forbids_programs, free_space, is_writable, keep_writes_private, private_file, rename,
    sync_directory, sync_tree,
};
