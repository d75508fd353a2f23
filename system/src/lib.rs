//! The operating system as the other crates see it: child processes, signals, files that are replaced in one step,
//! random names, secrets kept out of texts, words quoted for a shell.
//!
//! Knows nothing about packages, runtimes and daemons, and never prints. `smoke` does not use it: what tests the
//! shipped program must not share its code.

pub mod files;
mod interrupt;
mod platform;
pub mod process;
mod random;
mod redaction;
pub mod shell;
mod signals;
pub mod stream;

pub use crate::interrupt::{Interrupt, Interrupted, Signal};
pub use crate::platform::KeyByKey;
pub use crate::random::hex as random_hex;
pub use crate::redaction::{REDACTED, Redaction};
pub use crate::signals::{forward_to, watch_parent};
