//! The shipped program from outside: every test runs `ktx` in its own sandbox and compares whole transcripts.

mod agent;
mod answers;
mod drivers;
mod embeddings;
mod export;
mod first_minute;
mod ingest;
mod lacking;
mod next_steps;
mod output;
mod periods;
mod picture;
mod postgres;
mod postgres_access;
mod project;
mod query;
mod readme;
mod runtime;
mod sandbox;
mod scan;
mod semantic_layer;
mod serve;
mod setup;
mod setup_mcp;
mod wiki;
mod wiki_writers;
