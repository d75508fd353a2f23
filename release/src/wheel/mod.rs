//! The wheel.

pub mod entry_points;
