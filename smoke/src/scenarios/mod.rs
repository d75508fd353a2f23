//! Everything that can be proven, in the order in which it is listed. One scenario, one file.

mod npm_local;
mod offline;
mod runtime_lifecycle;

use crate::scenario::Scenario;

pub static ALL: &[Scenario] = &[
    npm_local::SCENARIO,
    runtime_lifecycle::SCENARIO,
    offline::SCENARIO,
];
