//! One request, one process: the daemon's module with a subcommand, JSON on its stdin, JSON on its stdout.

use std::process::Command;

use serde_json::{Map, Value};

use crate::ensure::{Dialogue, InstallPolicy};
use crate::{Error, Feature, Runtime};
use ktx_system::process::{self, ProcessError, Stream, Supervision, describe_exit};

/// Far above any answer, far below the memory of a machine.
const MAX_ANSWER: usize = 256 << 20;
/// How much of the output of a failed process is repeated.
const MAX_SAID: usize = 64 << 10;

impl Runtime {
    /// Runs `ktx-daemon <subcommand>` with the payload, making the runtime ready first as the policy allows. The runtime
    /// cannot be replaced while it runs.
    ///
    /// # Errors
    /// `ktx-daemon <subcommand> failed: …` with what it said; no JSON object; no runtime; a signal.
    pub fn one_shot(
        &self,
        subcommand: &str,
        payload: &Value,
        policy: InstallPolicy,
        dialogue: &dyn Dialogue,
    ) -> Result<Map<String, Value>, Error> {
        self.ensure(Feature::Core, policy, dialogue)?;
        let _in_use = self.use_runtime()?;
        let mut line = serde_json::to_vec(payload).map_err(|error| Error::OneShot(error.to_string()))?;
        line.push(b'\n');
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut too_large = false;
        let ended = process::run(
            self.one_shot_command(subcommand),
            Some(line),
            Supervision::new(self.interrupt()),
            &mut |stream, piece| {
                let (kept, limit) = match stream {
                    Stream::Stdout => (&mut stdout, MAX_ANSWER),
                    Stream::Stderr => (&mut stderr, MAX_SAID),
                };
                too_large |= stream == Stream::Stdout && kept.len() + piece.len() > limit;
                kept.extend_from_slice(&piece[..piece.len().min(limit - kept.len())]);
            },
        );
        let status = match ended {
            Ok(status) => status,
            Err(ProcessError::Interrupted(interrupted)) => return Err(interrupted.into()),
            Err(error) => {
                let error = Error::OneShot(format!("ktx-daemon {subcommand} failed: {error}"));
                return Err(self.explain(error));
            }
        };
        if !status.success() {
            let said = String::from_utf8_lossy(&stderr).trim().to_owned();
            return Err(self.explain(if said.is_empty() {
                let status = describe_exit(status);
                Error::OneShot(format!("ktx-daemon {subcommand} failed: {status}"))
            } else {
                Error::OneShotRefused {
                    subcommand: subcommand.to_owned(),
                    message: said,
                }
            }));
        }
        if too_large {
            let reason =
                format!("ktx-daemon {subcommand} failed: its answer is larger than {MAX_ANSWER} bytes");
            return Err(Error::OneShot(reason));
        }
        match serde_json::from_slice(&stdout) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Error::OneShot(format!(
                "ktx-daemon {subcommand} returned non-object JSON"
            ))),
            Err(error) => Err(Error::OneShot(error.to_string())),
        }
    }

    /// The caller's environment, without what would make Python import something else. Python is started by itself: the
    /// script of a relocatable environment looks for it with a shell and its tools, which a bare machine has not.
    fn one_shot_command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.layout().python_path);
        command.args(["-I", "-m", "ktx_daemon", subcommand]).env_clear();
        let inherited = self.environment().variables().filter(|(name, _)| {
            let name = name.to_string_lossy();
            !name.starts_with("PYTHON") && name != "VIRTUAL_ENV" && name != "CONDA_PREFIX"
        });
        command.envs(inherited);
        command
            .env("PYTHONNOUSERSITE", "1")
            .env("PYTHONSAFEPATH", "1")
            .env("KTX_DAEMON_VERSION", self.version());
        command
    }
}
