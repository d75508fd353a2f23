//! Finds a Python that is new enough for the tools: 3.11, the payload's own lower bound.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;

/// Tried in this order; `python3` is what the user chose, the others are what distributions install beside it.
const NAMES: [&str; 6] = [
    "python3",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.14",
    "python",
];

const PROBE: &str = "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:3])), sep='\\n') \
                     if sys.version_info >= (3, 11) else sys.exit(3)";

/// An interpreter on this machine.
#[derive(Clone, Debug)]
pub struct Interpreter {
    pub executable: String,
    pub version: String,
}

pub fn find(session: &Session<'_>) -> Result<Interpreter> {
    let sh = Shell::new()?;
    for name in NAMES {
        let probe = cmd!(sh, "{name} -I -c {PROBE}");
        let Ok(finished) = process::finish(session.printer, probe, OutputMode::Kept) else {
            continue;
        };
        if let (true, Some((executable, version))) =
            (finished.status.success(), finished.stdout.trim().split_once('\n'))
        {
            return Ok(Interpreter {
                executable: executable.trim().to_owned(),
                version: version.to_owned(),
            });
        }
    }
    Err(
        Failure::new(Exit::Prerequisite, "failed to find Python 3.11 or newer")
            .hint("install Python 3.11 or newer and put it on PATH as `python3`")
            .into(),
    )
}
