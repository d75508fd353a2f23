//! `daemon.json`: which daemon was started last, as untrusted data.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::http::BaseUrl;
use crate::installed::read_regular;
use crate::{Error, FeatureSet};
use ktx_system::files::{self, Access};
use ktx_system::process::{self, RunningProcess};

const MAX_BYTES: u64 = 64 << 10;

/// The recorded daemon. The fields behind the logs are missing in states of the first release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonState {
    pub schema_version: Version1,
    pub pid: Pid,
    pub host: Loopback,
    /// None until the daemon reports where it listens.
    pub port: Option<std::num::NonZeroU16>,
    /// The version of the program that started it.
    pub version: String,
    pub features: FeatureSet,
    /// UTC, RFC 3339 with milliseconds.
    pub started_at: String,
    pub stdout_log: String,
    pub stderr_log: String,
    /// 32 hexadecimal digits, new for every start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(default)]
    pub phase: Phase,
    /// The program that the process runs, links resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<PathBuf>,
    /// The system's own start stamp of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_started_at: Option<String>,
    /// The time between two starts of the system, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The version of the installed distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_version: Option<String>,
}

/// How far a start has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Starting,
    #[default]
    Ready,
}

/// A process number as systems give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Pid(pub u32);

/// The only valid host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Loopback;

/// The only schema version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version1;

/// What is at the path of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateFile {
    Missing,
    /// With the reason.
    Invalid(String),
    State(Box<DaemonState>),
}

impl StateFile {
    /// Reads the file at `path`. Never fails: what is wrong is part of the answer.
    pub fn read(path: &Path) -> StateFile {
        let text = match read_regular(path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return StateFile::Missing,
            Err(error) => return StateFile::Invalid(error.to_string()),
        };
        match serde_json::from_slice(&text) {
            Ok(state) => StateFile::State(Box::new(state)),
            Err(error) => StateFile::Invalid(error.to_string()),
        }
    }
}

impl DaemonState {
    /// Puts the state into place in one step, readable by its owner alone.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(files::write(
            path,
            ktx_manifest::json_text(self).as_bytes(),
            Access::Private,
        )?)
    }

    /// Where it listens, once it has reported it.
    pub fn url(&self) -> Option<BaseUrl> {
        self.port.map(|port| BaseUrl::of_port(port.get()))
    }

    /// Takes over what the system says about the process.
    pub fn identify(&mut self, process: &RunningProcess) {
        self.pid = Pid(process.pid);
        self.process_started_at = Some(process.started_at.clone());
        self.boot_id = process::boot_id();
    }
}

impl TryFrom<u64> for Pid {
    type Error = String;

    fn try_from(number: u64) -> Result<Pid, String> {
        // Nothing larger is a pid, and a signal to a "pid" of 0 or below would go to many processes.
        match i32::try_from(number) {
            Ok(pid @ 1..) => Ok(Pid(pid.unsigned_abs())),
            _ => Err(format!("pid must be a positive integer, got {number}")),
        }
    }
}

impl From<Pid> for u64 {
    fn from(pid: Pid) -> u64 {
        pid.0.into()
    }
}

impl TryFrom<String> for Loopback {
    type Error = String;

    fn try_from(host: String) -> Result<Loopback, String> {
        if host == "127.0.0.1" {
            Ok(Loopback)
        } else {
            Err(format!("host must be 127.0.0.1, got {host}"))
        }
    }
}

impl From<Loopback> for String {
    fn from(_: Loopback) -> String {
        "127.0.0.1".to_owned()
    }
}

impl TryFrom<u64> for Version1 {
    type Error = String;

    fn try_from(version: u64) -> Result<Version1, String> {
        if version == 1 {
            Ok(Version1)
        } else {
            Err(format!("schemaVersion must be 1, got {version}"))
        }
    }
}

impl From<Version1> for u64 {
    fn from(_: Version1) -> u64 {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST_RELEASE: &str = r#"{ "schemaVersion": 1, "pid": 40123, "host": "127.0.0.1", "port": 51234,
        "version": "0.4.0", "features": ["core"], "startedAt": "2031-02-03T04:05:06.000Z",
        "stdoutLog": "/r/0.4.0/daemon.stdout.log", "stderrLog": "/r/0.4.0/daemon.stderr.log" }"#;

    #[track_caller]
    fn check(old: &str, new: &str, good: bool) {
        let text = FIRST_RELEASE.replacen(old, new, 1);
        assert!(old == new || text != FIRST_RELEASE, "{old} is not in the text");
        assert_eq!(
            serde_json::from_str::<DaemonState>(&text).is_ok(),
            good,
            "{old} -> {new}"
        );
    }

    #[test]
    fn a_state_is_read_whole_or_not_at_all() {
        check("", "", true);
        check("51234", "null", true);
        check("51234", "65535", true);
        for (old, new) in [
            ("40123", "0"),
            ("40123", "-1"),
            ("40123", "1.5"),
            ("40123", "2147483648"),
            ("40123", "\"40123\""),
            ("40123", "null"),
            ("51234", "0"),
            ("51234", "65536"),
            ("51234", "-1"),
            ("127.0.0.1", "localhost"),
            ("127.0.0.1", "0.0.0.0"),
            ("\"schemaVersion\": 1", "\"schemaVersion\": 2"),
            ("[\"core\"]", "[]"),
            ("[\"core\"]", "[\"cor\"]"),
            ("\"version\": \"0.4.0\", ", ""),
            ("{", "["),
            ("}", "} x"),
        ] {
            check(old, new, false);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("daemon.json");
        assert_eq!(StateFile::read(&path), StateFile::Missing);
        let mut state: DaemonState = serde_json::from_str(FIRST_RELEASE).expect("a state");
        state.instance = Some("5f0c".repeat(8));
        state.phase = Phase::Starting;
        state.write(&path).expect("written");
        assert_eq!(StateFile::read(&path), StateFile::State(Box::new(state)));
        fs_err::write(&path, "{\"pid\":").expect("written");
        assert!(matches!(StateFile::read(&path), StateFile::Invalid(_)));
    }
}
