//! Executes what `ktx-policy` decides: gathers the facts from artifacts, reports and registry, runs npm, reads back
//! what the registry serves, writes receipts.
//!
//! Knows no command line and prints nothing; the environment is passed in. Only npm handles credentials.

pub mod artifacts;
mod desk;
mod error;
pub mod github;
pub mod npm;
pub mod provenance;
pub mod publication;
mod read_back;
pub mod receipt;
pub mod registry;
pub mod tag_move;
pub mod version_files;

pub use self::desk::{Desk, Environment};
pub use self::error::{ErrorClass, NpmFailure, PublishError};
