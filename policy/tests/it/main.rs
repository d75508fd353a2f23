//! What the crate decides, seen from outside, as tables of data.

mod next_version;
mod reading;
