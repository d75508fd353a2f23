//! A sign of life for work that takes longer than a second. Only a terminal sees it.

use std::sync::mpsc;
use std::time::Duration;

use crate::session::Session;
use crate::spinner::spinner;

/// Shorter work would only flicker.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does the work; from the second second on a spinner says what it is.
pub fn during<T>(session: &Session, what: &str, work: impl FnOnce() -> T) -> T {
    if !session.printer.stderr_is_terminal() {
        return work();
    }
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let spinner = spinner("{spinner} {msg} ({elapsed})").with_message(what.to_owned());
                // Ends when the sender is dropped, however the work ends.
                let _ = waiting.recv();
                spinner.finish_and_clear();
            }
        });
        let result = work();
        drop(done);
        result
    })
}
