//! The shipped program from outside: every test runs `ktx` in a sandbox of its own and compares whole transcripts.

mod project;
mod sandbox;
mod semantic_layer;
