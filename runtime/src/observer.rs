//! What a caller can observe during the work: for progress on a terminal, and for tests that interfere at a step.

use std::path::Path;
use std::sync::Arc;

/// Receives the events. Called from the thread that does the work, which continues when the call returns.
pub trait Observer: Send + Sync {
    fn observe(&self, event: &Event<'_>);
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The next step begins.
    Step(Step),
    /// A line that a tool printed while it works.
    Output(&'a str),
    /// Another process holds a lock for more than a second.
    Waiting { lock: &'a Path, holder: &'a str },
    /// An installation or a start is over, whether it succeeded or not.
    Finished,
}

/// The steps of installing and starting, in their order, then those of making a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    FindUv,
    /// Out of a bundle, instead of downloading.
    Unpack,
    CreateEnvironment,
    InstallRequirements,
    Prove,
    WriteManifest,
    Exchange,
    /// Only where directories cannot change places in one step: the old one is aside, the new one not in place.
    ExchangeHalfDone,
    CleanUp,
    SpawnDaemon,
    AwaitReport,
    AwaitHealth,
    /// The steps of making a bundle.
    ResolveWheels,
    DownloadWheels,
    WriteBundle,
}

impl Step {
    /// What is being done, for people.
    pub const fn description(self) -> &'static str {
        match self {
            Step::FindUv => "looking for uv",
            Step::Unpack => "unpacking the bundle",
            Step::CreateEnvironment => "creating the virtual environment",
            Step::InstallRequirements => "installing Python dependencies",
            Step::Prove => "checking what was installed",
            Step::WriteManifest => "recording the installation",
            Step::Exchange | Step::ExchangeHalfDone => "putting the runtime in place",
            Step::CleanUp => "removing the runtime it replaces",
            Step::SpawnDaemon => "starting the daemon",
            Step::AwaitReport => "waiting for the daemon to listen",
            Step::AwaitHealth => "checking that the daemon is healthy",
            Step::ResolveWheels => "finding the wheels of each platform",
            Step::DownloadWheels => "downloading",
            Step::WriteBundle => "writing the bundle",
        }
    }
}

/// Observes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _event: &Event<'_>) {}
}

/// A shared observer.
pub type SharedObserver = Arc<dyn Observer>;
