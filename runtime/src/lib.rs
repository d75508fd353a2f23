//! The managed Python runtime as a library: where it lives, how it is installed, proven, served and removed.
//!
//! Knows neither clap nor stdout, and reads nothing of the process environment: a caller hands in an [`Environment`]
//! and an [`Interrupt`], and watches through an observer.

mod environment;
mod feature;
mod interrupt;
mod layout;

pub use environment::Environment;
pub use feature::{Feature, FeatureSet, UnknownFeature};
pub use interrupt::{Interrupt, Interrupted, Signal};
pub use layout::{HostPlatform, Layout, LayoutError};
