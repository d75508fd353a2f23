//! A network namespace with only a loopback interface (Linux): a machine without a network.

use std::process::Command;
use std::time::Duration;

use super::family::{Signal, signal_group};
use super::process::Running;
use super::{Invocation, Sandbox};

/// How long the namespace may take to be there.
const READY: Duration = Duration::from_secs(60);

/// A namespace that is held open. Dropped with its sandbox, whose processes are ended.
pub struct NoNetwork {
    holder: Running,
}

/// Why no namespace can be made here, if so.
pub fn refusal() -> Option<String> {
    let tried = Command::new("unshare")
        .args(["--map-root-user", "--net", "ip", "link", "set", "lo", "up"])
        .output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "a network namespace cannot be made: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("`unshare` (util-linux) cannot be run: {error}")),
    }
}

impl NoNetwork {
    pub fn enter(sandbox: &Sandbox) -> std::io::Result<NoNetwork> {
        let holder = sandbox.start(
            &Invocation::new("unshare")
                .words("--map-root-user --net sh -c")
                .arg("ip link set lo up && echo ready && exec sleep 600"),
        )?;
        if !holder.says_within("ready", READY) {
            return Err(std::io::Error::other(format!(
                "failed to make a network namespace: {}",
                holder.stderr_so_far().trim()
            )));
        }
        Ok(NoNetwork { holder })
    }

    /// The command, run inside the namespace.
    pub fn around(&self, invocation: Invocation) -> Invocation {
        let pid = self.holder.pid().to_string();
        invocation.wrapped(
            "nsenter",
            &[
                "--preserve-credentials",
                "--user",
                "--net",
                "--target",
                &pid,
                "--",
            ],
        )
    }

    /// Gives the namespace up.
    pub fn leave(self, sandbox: &Sandbox) {
        signal_group(self.holder.pid(), Signal::Kill);
        self.holder.finish(READY, sandbox.family(), &|| false);
    }
}
