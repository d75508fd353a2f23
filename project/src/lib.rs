//! The project domain of the `ktx` program: its folder and `ktx.yaml`, the directory form of the semantic layer,
//! scans, ingests and their state. Knows neither the command line nor the terminal; the environment, the clock
//! and what needs Python are passed in.

pub mod config;
pub mod demo;
mod error;
pub mod files;
pub mod folder;
mod ids;
pub mod ingest;
pub mod knowledge;
pub mod nearest;
pub mod scan;
pub mod search;
pub mod semantic;
pub mod snapshot;
mod sqlite_error;
pub mod state;
pub mod warehouse;
pub mod yaml;

pub use error::Error;
pub use folder::Folder;
pub use ids::{ConnectionId, SourceName};
pub use sqlite_error::SqliteError;
