//! Child processes: run to their end under supervision, or started to outlive this one, and what the system knows
//! about a process by its pid.

mod lines;
mod output;
mod supervise;

pub use self::lines::Lines;
pub use self::output::{Output, collect, describe_exit};
pub use self::supervise::{ProcessError, Stream, Supervision, run};
pub use crate::platform::{
    ProcessHandle, RunningProcess, boot_id, lock_holders, running_process, spawn_recorded,
};
#[cfg(unix)]
pub use crate::platform::{effective_group, effective_user};
