//! A uv that does what the real one does, except at one of its commands: for failures the real one cannot be made to show.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Sandbox, tools};

/// What happens instead of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// None: it only counts.
    Nothing,
    /// It says something and ends with a failure.
    Fails,
    /// It is ended by a signal.
    IsKilled,
    /// It says nothing and does not end.
    Hangs,
    /// It leaves a child that neither ends nor lets go of the output, and hangs itself.
    HangsWithChild,
}

/// The script and the list of what it was called with.
pub struct FakeUv {
    pub path: PathBuf,
    calls: PathBuf,
}

impl FakeUv {
    /// Misbehaves at every command whose arguments contain `at`.
    pub fn write(directory: &Path, at: &str, misbehaviour: Misbehaviour) -> FakeUv {
        let calls = directory.join("uv-calls");
        let path = directory.join("uv");
        let action = match misbehaviour {
            Misbehaviour::Nothing => ":",
            Misbehaviour::Fails => "echo 'something is wrong' >&2; exit 7",
            Misbehaviour::IsKilled => "kill -KILL $$",
            Misbehaviour::Hangs => "exec sleep 600",
            Misbehaviour::HangsWithChild => "sh -c 'trap \"\" TERM; sleep 600' & sleep 600",
        };
        let script = format!(
            "#!/bin/sh\necho \"$*\" >> '{}'\ncase \"$*\" in *'{at}'*) {action};; esac\nexec '{}' \"$@\"\n",
            calls.display(),
            tools::uv().display()
        );
        fs_err::write(&path, script).expect("the script");
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        FakeUv { path, calls }
    }

    /// The arguments of every call so far.
    pub fn calls(&self) -> Vec<String> {
        let text = fs_err::read_to_string(&self.calls).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How often a virtual environment was made: once for each installation.
    pub fn installations(&self) -> usize {
        self.calls()
            .iter()
            .filter(|call| call.starts_with("venv"))
            .count()
    }
}

impl Sandbox {
    /// The same sandbox with a uv that misbehaves.
    pub fn with_fake_uv(self, at: &str, misbehaviour: Misbehaviour) -> (Sandbox, FakeUv) {
        let fake = FakeUv::write(self.path(), at, misbehaviour);
        let sandbox = self.set("KTX_UV", &fake.path);
        (sandbox, fake)
    }
}
