//! Whether the process that a state names is the one that was recorded, and so may be signalled.

use super::state::DaemonState;
use ktx_system::process::{ProcessHandle, boot_id, running_process};

/// A process of which the system says everything that the state recorded.
#[derive(Debug)]
pub struct ProvenProcess {
    pub pid: u32,
    pub handle: ProcessHandle,
    /// It cannot answer: it was stopped.
    pub is_stopped: bool,
}

/// What runs under the recorded pid.
#[derive(Debug)]
pub enum Occupant {
    Nobody,
    /// Another process, or one of which too little was recorded to tell.
    Unproven,
    Ours(ProvenProcess),
}

/// Identifies the process under the recorded pid. The handle is opened first and the identity checked through it, so
/// that the pid cannot be reused in between.
pub fn occupant(state: &DaemonState) -> Occupant {
    let pid = state.pid.0;
    let handle = ProcessHandle::open(pid);
    let Some(process) = running_process(pid) else {
        return Occupant::Nobody;
    };
    let same_boot = state.boot_id == boot_id();
    let same_start = state.process_started_at.as_deref() == Some(process.started_at.as_str());
    let same_program = state.executable.is_some() && state.executable == process.executable;
    match handle {
        Some(handle) if same_boot && same_start && same_program => Occupant::Ours(ProvenProcess {
            pid,
            handle,
            is_stopped: process.is_stopped,
        }),
        _ => Occupant::Unproven,
    }
}
