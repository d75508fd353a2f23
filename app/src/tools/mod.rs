//! What `ktx agent` and `ktx serve` offer to programs: one function per tool, typed results.

pub mod connections;
pub mod dictionary;
pub mod dimensions;
pub mod discover;
pub mod ingests;
pub mod overview;
pub mod query;
mod ranking;
pub mod scans;
pub mod sizes;
pub mod sources;
pub mod sql;
pub mod wiki;
