//! One version's runtime, with everything that work on it is given: the value that commands hold.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::layout::{HostPlatform, Layout, LayoutError};
use crate::observer::{Event, Observer, SharedObserver, Step, Unobserved};
use crate::{Consent, Environment, Interrupt};

/// A handle to the runtime that belongs to one version of the program. Making one touches nothing.
#[derive(Clone)]
pub struct Runtime {
    layout: Layout,
    environment: Environment,
    interrupt: Interrupt,
    observer: SharedObserver,
    limits: TimeLimits,
    exchange: ExchangeMethod,
    uv_consent: Arc<dyn Fn(&str) -> Consent + Send + Sync>,
}

/// How long work may take before it is an error.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// For a lock that another process holds. An installation with PyTorch takes minutes on a slow line.
    pub lock: Duration,
    /// Without output of uv and without growth of what it writes.
    pub silence: Duration,
    /// From spawning a daemon until it is healthy.
    pub start: Duration,
    /// From asking a daemon to end until it is killed.
    pub stop: Duration,
    /// For a daemon that answers that it is busy.
    pub busy: Duration,
}

impl Default for TimeLimits {
    fn default() -> TimeLimits {
        TimeLimits {
            lock: Duration::from_secs(15 * 60),
            silence: Duration::from_secs(5 * 60),
            start: Duration::from_secs(10),
            stop: Duration::from_secs(10),
            busy: Duration::from_secs(15),
        }
    }
}

/// How a new version directory gets into the place of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeMethod {
    /// In one step where the file system can.
    WhereSupported,
    /// By two renames, as on systems without that step.
    TwoRenames,
}

impl Runtime {
    /// The runtime of `version` as the environment places it.
    ///
    /// # Errors
    /// When the root is unknown.
    pub fn new(
        environment: Environment,
        version: &str,
        interrupt: Interrupt,
    ) -> Result<Runtime, LayoutError> {
        let asset_dir = crate::assets::directory(&environment);
        let layout = Layout::new(HostPlatform::CURRENT, &environment, version, &asset_dir)?;
        Ok(Runtime {
            limits: limits_of(&environment),
            layout,
            environment,
            interrupt,
            observer: Arc::new(Unobserved),
            exchange: ExchangeMethod::WhereSupported,
            uv_consent: Arc::new(|_| Consent::Declined),
        })
    }

    /// The same runtime, watched.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Observer + 'static) -> Runtime {
        self.observer = Arc::new(observer);
        self
    }

    /// The same runtime with other limits.
    #[must_use]
    pub fn limited_by(mut self, limits: TimeLimits) -> Runtime {
        self.limits = limits;
        self
    }

    /// The same runtime with another way to exchange directories.
    #[must_use]
    pub fn exchanging_by(mut self, method: ExchangeMethod) -> Runtime {
        self.exchange = method;
        self
    }

    /// The same runtime with a dialogue that asks before uv is downloaded; without one, it is not downloaded.
    #[must_use]
    pub fn asking_for_uv(mut self, ask: impl Fn(&str) -> Consent + Send + Sync + 'static) -> Runtime {
        self.uv_consent = Arc::new(ask);
        self
    }

    pub(crate) fn asks_for_uv(&self, question: &str) -> Consent {
        (self.uv_consent)(question)
    }

    /// Where everything is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The version of the program it belongs to.
    pub fn version(&self) -> &str {
        &self.layout.cli_version
    }

    /// The environment it was made with.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The interrupt that its work checks.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// The limits of its work.
    pub fn limits(&self) -> TimeLimits {
        self.limits
    }

    pub(crate) fn exchange_method(&self) -> ExchangeMethod {
        self.exchange
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    /// Tells the observer that a step begins; an error when an interrupt was requested meanwhile.
    pub(crate) fn begin(&self, step: Step) -> Result<(), crate::Interrupted> {
        self.observer.observe(&Event::Step(step));
        self.interrupt.check()
    }

    /// A directory for the locks of every version under the root.
    pub(crate) fn locks_dir(&self) -> PathBuf {
        self.layout.runtime_root.join(".locks")
    }

    pub(crate) fn root(&self) -> &Path {
        &self.layout.runtime_root
    }

    pub(crate) fn variable_or(&self, name: &str, default: &str) -> OsString {
        self.environment
            .variable(name)
            .map_or_else(|| OsString::from(default), OsString::from)
    }
}

/// `KTX_RUNTIME_LOCK_SECONDS` and `KTX_RUNTIME_SILENCE_SECONDS` are for slow lines and for impatient tests.
fn limits_of(environment: &Environment) -> TimeLimits {
    let seconds = |name: &str, default: Duration| {
        environment
            .text(name)
            .and_then(|text| text.parse().ok())
            .map_or(default, Duration::from_secs)
    };
    let default = TimeLimits::default();
    TimeLimits {
        lock: seconds("KTX_RUNTIME_LOCK_SECONDS", default.lock),
        silence: seconds("KTX_RUNTIME_SILENCE_SECONDS", default.silence),
        ..default
    }
}
