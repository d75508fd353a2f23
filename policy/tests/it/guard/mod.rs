//! The dist-tag guard, as tables and as properties.

mod edges;
mod interleavings;
mod matrix;
mod model;
mod moves;
mod properties;
mod provenance;
pub mod states;
mod twins;
mod ways_out;
