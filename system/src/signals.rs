//! Ctrl-C, SIGTERM, SIGHUP and the death of the parent become a request to end that a command cleans up for.

use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

use crate::{Interrupt, Signal};

/// A launcher passes on a signal that the terminal has sent to this process too: what comes within this time is the same
/// key press.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(400);
/// After a second signal the process may take this long to kill its children and remove its temporary files.
#[cfg(unix)]
const LAST_GRACE: Duration = Duration::from_secs(1);

/// From here on the signals do not end the process: they raise `interrupt`, and the command ends by
/// itself. A second signal ends it soon, whatever it does.
#[cfg(unix)]
pub fn forward_to(interrupt: &Interrupt) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        // Without handlers the signals end the process as they always do.
        return;
    };
    let interrupt = interrupt.clone();
    std::thread::spawn(move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            interrupt.raise(match signal {
                SIGINT => Signal::Interrupt,
                SIGHUP => Signal::HangUp,
                _ => Signal::Terminate,
            });
            if first.get_or_insert_with(Instant::now).elapsed() > SAME {
                interrupt.insist();
                std::thread::sleep(LAST_GRACE);
                // What does not look at the interrupt ends as it would without handlers.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    });
}

/// From here on Ctrl-C does not end the process: it raises `interrupt`, and the command ends by itself.
#[cfg(windows)]
pub fn forward_to(interrupt: &Interrupt) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let flag = Arc::new(AtomicBool::new(false));
    if signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&flag)).is_err() {
        return;
    }
    let interrupt = interrupt.clone();
    std::thread::spawn(move || {
        while !flag.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        interrupt.raise(Signal::Interrupt);
    });
}

/// How often the parent is looked for.
#[cfg(unix)]
const PARENT_POLL: Duration = Duration::from_millis(250);

/// From here on the death of the process that started this one raises `interrupt`: a launcher that was killed cannot
/// pass a signal on, and the pipes it passed on stay open.
#[cfg(unix)]
pub fn watch_parent(interrupt: &Interrupt) {
    let parent = rustix::process::getppid();
    let interrupt = interrupt.clone();
    std::thread::spawn(move || {
        while rustix::process::getppid() == parent {
            std::thread::sleep(PARENT_POLL);
        }
        interrupt.raise(Signal::Terminate);
    });
}

/// Windows closes the pipes of a process that ends.
#[cfg(windows)]
pub fn watch_parent(_interrupt: &Interrupt) {}
