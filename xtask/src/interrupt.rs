//! Ctrl-C and SIGTERM: ends the processes that run for us, and lets the command that waits for them unwind.
//!
//! The signal only sets a flag and ends the children; temporary files go as the values that own them are dropped.
//! A second signal leaves at once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use rustix::process::{Pid, Signal as UnixSignal, kill_process_group};

use crate::exit::{Exit, Failure};

static RECEIVED: AtomicI32 = AtomicI32::new(0);
static CHILDREN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// How long a child may take to leave after SIGTERM. Cargo and uv need tenths of a second.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

/// The signal that was received, if one was.
pub fn received() -> Option<Signal> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        number if number == signal_hook::consts::SIGINT => Some(Signal::Interrupt),
        _ => Some(Signal::Terminate),
    }
}

/// To be asked between the steps of work that runs in this process.
pub fn check() -> Result<(), Failure> {
    match received() {
        None => Ok(()),
        Some(signal) => Err(Failure::new(
            Exit::Failed,
            format!("interrupted by {}", signal.name()),
        )),
    }
}

/// Starts to watch for signals. Called once, before anything else runs.
#[cfg(unix)]
pub fn watch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    thread::spawn(move || {
        for number in signals.forever() {
            if RECEIVED.swap(number, Ordering::SeqCst) != 0 {
                end_children(UnixSignal::KILL);
                let _ = signal_hook::low_level::emulate_default_handler(number);
            }
            end_children(UnixSignal::TERM);
            thread::spawn(|| {
                thread::sleep(GRACE);
                end_children(UnixSignal::KILL);
            });
        }
    });
}

/// On Windows the console delivers Ctrl-C to every process of the group by itself.
#[cfg(not(unix))]
pub fn watch() {}

#[cfg(unix)]
fn end_children(signal: UnixSignal) {
    let children = CHILDREN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for group in children.iter().filter_map(|child| Pid::from_raw(*child as i32)) {
        let _ = kill_process_group(group, signal);
    }
}

/// Keeps a child, the leader of its own process group, among those that a signal ends.
pub struct Guarded(u32);

pub fn guard(child: u32) -> Guarded {
    CHILDREN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .insert(child);
    Guarded(child)
}

impl Drop for Guarded {
    fn drop(&mut self) {
        CHILDREN
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(&self.0);
    }
}
