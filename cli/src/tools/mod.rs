//! What `ktx agent` and `ktx serve` offer to programs: one function per tool, typed results, no printing.

pub mod connections;
pub mod ingests;
pub mod query;
pub mod sources;
pub mod sql;

/// An error that a program can act on: a stable code and what to run next.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    pub code: &'static str,
    pub message: String,
    pub next_steps: Vec<String>,
}
