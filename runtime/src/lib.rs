//! The managed Python runtime as a library: where it is, how it is installed, verified, served and removed.
//!
//! Knows neither clap nor stdout, and reads nothing of the process environment: a caller hands in an [`Environment`]
//! and an [`Interrupt`], and watches through an [`Observer`].
//!
//! A [`Runtime`] is the handle; making one touches nothing:
//!
//! - [`Runtime::status`], [`Runtime::install`], [`Runtime::doctor`], [`Runtime::plan_prune`] and [`Runtime::prune`];
//! - [`Runtime::create_bundle`], [`Runtime::verify_bundle`] and [`Runtime::install_from`], for machines without a network;
//! - [`Runtime::start`], [`Runtime::stop`], [`Runtime::stop_all`], [`Runtime::daemon_status`].
//!
//! Commands that need Python take one of these, each of which installs what is missing only when it is used, as far as
//! an [`InstallPolicy`] and a [`Dialogue`] allow:
//!
//! - [`Runtime::ensure`]: the runtime is ready;
//! - [`Runtime::one_shot`]: one request in a separate process;
//! - [`ManagedDaemon`]: requests to the daemon, started on first use and shared by all ports of a command;
//! - [`ExplicitDaemon`]: requests to a URL that the user named.

mod assets;
mod bundle;
mod clock;
mod daemon;
mod damage;
mod disk;
mod doctor;
mod ensure;
mod environment;
mod error;
mod feature;
mod http;
mod install;
mod installed;
mod layout;
mod locks;
mod managed;
mod observer;
mod one_shot;
mod ownership;
mod package_bill;
pub mod ports;
mod prune;
mod runtime;
mod status;
mod trusted_root;
mod versions;

pub use crate::bundle::{BundleReport, BundleRequest};
pub use crate::daemon::{
    DaemonState, DaemonStatus, DaemonStatusKind, ProvenDaemon, StartMode, StartOutcome, StartReport,
    StartRequest, StopMethod, StopReport, StoppedVersion,
};
pub use crate::disk::human as human_bytes;
pub use crate::doctor::{Check, CheckStatus, Diagnostic, DoctorReport, Lacking};
pub use crate::ensure::{BothPolicies, Consent, Dialogue, InstallPolicy, install_command};
pub use crate::environment::Environment;
pub use crate::error::{Error, UV_REQUIRED};
pub use crate::feature::{Feature, FeatureSet, UnknownFeature};
pub use crate::http::{BaseUrl, Caller, HttpClient, HttpError, InvalidUrl};
pub use crate::install::{InstallMode, InstallOutcome, InstallReport, InstallRequest};
pub use crate::installed::InstalledManifest;
pub use crate::layout::{HostPlatform, Layout, LayoutError};
pub use crate::locks::RuntimeUseGuard;
pub use crate::managed::{ExplicitDaemon, ManagedDaemon};
pub use crate::observer::{Event, Observer, Step};
pub use crate::package_bill::{PackageBill, ProgramMatch};
pub use crate::prune::{Kept, PrunePlan, PruneReport, StaleRuntime};
pub use crate::runtime::{ExchangeMethod, Runtime, TimeLimits};
pub use crate::status::{RuntimeStatus, StatusKind};
pub use ktx_manifest::Platform;
pub use ktx_system::{Interrupt, Interrupted, Signal};
