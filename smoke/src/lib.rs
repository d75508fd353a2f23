//! Artifact smoke: installs the built tarball for real and runs the shipped commands end to end.
//!
//! A [`Scenario`] runs on a [`Stage`] inside a [`Sandbox`] and is a list of steps that read like a transcript.
//! [`run()`] runs them side by side and reports to an [`Observer`]; [`report`] turns the outcome into what publishing
//! relies on. The crate knows neither the command line nor the terminal, and only uses the environment that it is
//! given.

mod bare;
mod failure;
pub mod known_bad;
mod logs;
mod observer;
mod options;
mod package_tree;
mod proven;
mod redaction;
pub mod report;
mod run;
mod sandbox;
mod scenario;
mod scenarios;
mod stage;
mod step;
mod tarball;
mod untouched;
mod warehouse;
mod warm;

pub use failure::{Log, StepFailure, Stop};
pub use observer::{Observer, ScenarioResult, Silent};
pub use options::{McpClients, Options, Package, Published, Toolchain};
pub use proven::{ProvenBytes, proven_bytes};
pub use redaction::Redaction;
pub use run::{Played, SmokeError, SmokeRun, run};
pub use sandbox::{
    Ended, Family, Folders, Guardian, Interrupted, Invocation, Machine, Member, NPM_SETTINGS, ProcessOutput,
    Running, Sandbox, Signal, join_paths, keep_watch, remove_tree, signal, signal_group,
};
pub use scenario::{Need, Scenario, Set};
pub use scenarios::ALL as SCENARIOS;
pub use stage::{Installed, Stage};
pub use step::{Expectation, Step, Text};
pub use untouched::Belongings;
