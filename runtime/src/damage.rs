//! An installed runtime whose files were changed or removed: found before it is trusted, and reported when a command
//! failed because of it.

use std::process::Command;

use ktx_system::process::{self, Supervision};

use crate::install::{Depth, deviations};
use crate::status::StatusKind;
use crate::{Error, Feature, Runtime};

impl Runtime {
    /// What is wrong with the files of a runtime that its status calls ready: their presence and sizes are looked at.
    pub(crate) fn damage(&self) -> Option<String> {
        let found = deviations(self.layout(), Depth::Sizes);
        let first = found.first()?;
        let more = match found.len() - 1 {
            0 => String::new(),
            others => format!(", and {others} more files differ"),
        };
        Some(format!(
            "KTX Python runtime is damaged: `{}`: {}{more}",
            first.path.display(),
            first.problem
        ))
    }

    /// The error of a command that failed in Python, or what is wrong with the runtime when that explains it.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.interrupted().is_some() {
            return error;
        }
        let status = self.status();
        let detail = if status.kind != StatusKind::Ready {
            Some(status.detail)
        } else {
            self.damage()
                .or_else(|| has_crashed(&error).then(|| self.failing_import())?)
        };
        match detail {
            Some(detail) => Error::NotReady {
                detail,
                command: crate::ensure::install_command(&Feature::Core.into()) + " --force",
            },
            None => error,
        }
    }

    /// What keeps Python from importing the payload, if anything does: for example that the Python that the runtime was
    /// made with is another one now.
    fn failing_import(&self) -> Option<String> {
        let mut python = Command::new(&self.layout().python_path);
        python.args(["-I", "-c", "import ktx_daemon.endpoints"]);
        let reason = match process::collect(python, Supervision::new(self.interrupt())) {
            Ok(output) if output.status.success() => return None,
            Ok(output) => output
                .stderr
                .lines()
                .next_back()
                .unwrap_or_default()
                .trim()
                .to_owned(),
            Err(error) => error.to_string(),
        };
        Some(format!("KTX Python runtime does not run: {reason}"))
    }
}

/// Whether Python ended without an answer of the payload, which reports a refused request in one sentence.
fn has_crashed(error: &Error) -> bool {
    match error {
        Error::OneShotRefused { message, .. } => message.starts_with("Traceback (most recent call last)"),
        Error::OneShot(_) | Error::DaemonStart { .. } => true,
        _ => false,
    }
}
