//! A project's folder through the crate's public functions: no program, no database server, no Python.

mod scans;
