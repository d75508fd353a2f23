//! What the commands of `ktx` do once their flags are read. `ktx agent`, the MCP server and the commands for people
//! share it, so that they stay consistent.
//!
//! Knows neither clap nor the terminal: it reports through a [`Desk`] and returns values and errors.

mod app;
pub mod arguments;
pub mod databases;
mod destination;
pub mod embedding;
mod error;
mod export;
mod ingester;
mod introspected;
pub mod mcp_clients;
pub mod picture;
mod python;
pub mod runner;
mod scanner;
mod status;
pub mod tools;
mod workspace;

pub use app::{App, Desk};
pub use destination::Destination;
pub use error::Error;
pub use export::export_of;
pub use ingester::Ingester;
pub use python::Python;
pub use scanner::{Scanned, Scanner};
pub use status::SetupStatus;
pub use workspace::Workspace;
