//! Everything that can be proven, in the order in which it is listed. One scenario, one file.

mod arm64;
mod bun;
mod demo;
mod foreign;
mod hostile_paths;
mod local_embeddings;
mod mcp;
mod npm_global;
mod npm_local;
mod npx_direct;
mod offline;
mod pnpm_global;
mod pnpm_local;
mod postgres;
mod published;
mod rehearsal;
mod runtime_lifecycle;
mod scan_and_ingest;
mod semantic_query;
mod signals;
mod upgrade;
mod windows;
mod yarn_pnp;

pub use postgres::programs as postgres_programs;

use crate::scenario::Scenario;

pub static ALL: &[Scenario] = &[
    npm_local::SCENARIO,
    npx_direct::SCENARIO,
    npm_global::SCENARIO,
    pnpm_local::SCENARIO,
    pnpm_global::SCENARIO,
    yarn_pnp::SCENARIO,
    bun::SCENARIO,
    runtime_lifecycle::SCENARIO,
    semantic_query::SCENARIO,
    demo::SCENARIO,
    scan_and_ingest::SCENARIO,
    mcp::SCENARIO,
    postgres::SCENARIO,
    local_embeddings::SCENARIO,
    hostile_paths::SCENARIO,
    upgrade::SCENARIO,
    offline::SCENARIO,
    signals::SCENARIO,
    arm64::SCENARIO,
    windows::SCENARIO,
    published::SCENARIO,
    rehearsal::SCENARIO,
];
