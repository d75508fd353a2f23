//! All scenarios, in the order in which they are listed. One scenario, one file.

mod arm64;
mod bare_machine;
mod bundle;
mod demo;
mod duckdb;
mod first_project;
mod foreign;
mod hostile_paths;
mod installers;
mod local_embeddings;
mod managers;
mod mcp;
mod mysql;
mod npm_local;
mod npx_direct;
mod offline;
mod postgres;
mod published;
mod registry;
mod rehearsal;
mod runtime_lifecycle;
mod scan_and_ingest;
mod semantic_query;
mod signals;
mod upgrade;
mod windows;

pub use mysql::program as mariadb_program;
pub use postgres::programs as postgres_programs;

use self::installers::{BUN, NPM_GLOBAL, PNPM_GLOBAL, PNPM_LOCAL, YARN_PNP};
use crate::scenario::Scenario;

pub static ALL: &[Scenario] = &[
    npm_local::SCENARIO,
    npx_direct::SCENARIO,
    NPM_GLOBAL,
    PNPM_LOCAL,
    PNPM_GLOBAL,
    YARN_PNP,
    BUN,
    managers::SCENARIO,
    runtime_lifecycle::SCENARIO,
    first_project::SCENARIO,
    semantic_query::SCENARIO,
    demo::SCENARIO,
    scan_and_ingest::SCENARIO,
    mcp::SCENARIO,
    postgres::SCENARIO,
    duckdb::SCENARIO,
    mysql::SCENARIO,
    local_embeddings::SCENARIO,
    hostile_paths::SCENARIO,
    upgrade::SCENARIO,
    offline::SCENARIO,
    bundle::SCENARIO,
    bare_machine::SCENARIO,
    signals::SCENARIO,
    arm64::SCENARIO,
    windows::SCENARIO,
    published::SCENARIO,
    rehearsal::SCENARIO,
];
