//! What `ktx agent` and `ktx serve` offer to programs: one function per tool, typed results, no printing.

pub mod connections;
