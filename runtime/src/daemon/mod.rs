//! The daemon of a runtime: how it is started, recognised, asked and stopped.
//!
//! A state file is data, not authority: nothing is sent to a port and no process is signalled because a file says so. A
//! port is ours when it proves that it holds the token, a process when the system reports what we recorded.

mod explicit;
mod identity;
mod launch;
mod log_files;
mod proof;
mod start;
mod state;
mod status;
mod stop;
mod token;

pub(crate) use self::explicit::token_for;
pub use self::proof::ProvenDaemon;
pub use self::start::{StartMode, StartOutcome, StartReport, StartRequest};
pub use self::state::DaemonState;
pub use self::status::{DaemonStatus, DaemonStatusKind};
pub use self::stop::{StopMethod, StopReport, StoppedVersion};
pub(crate) use self::stop::{stop_for_replacement, stop_recorded};
pub use self::token::Token;
