//! Everything that can go wrong with a runtime, as one type: the texts that users and programs rely on are here.

use std::path::PathBuf;

use ktx_manifest::AssetError;
use ktx_system::files::PathError;

use crate::Interrupted;
use crate::layout::LayoutError;

/// The message when uv is not found; fixed, since programs match it.
pub const UV_REQUIRED: &str = "uv is required to install the KTX Python runtime. KTX does not download uv \
     automatically. Install uv, make sure it is on PATH, and retry: ktx runtime install --yes";

/// Why an operation on the runtime failed. The text says what happened; what to do is in [`Error::hint`], except in the
/// fixed texts, which name their command themselves.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Assets(#[from] AssetError),
    /// A file operation; the text of the source names the path.
    #[error("{0}")]
    Io(#[source] std::io::Error),
    /// A file operation whose error does not name the path by itself.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Nothing can be written under the root, not even a lock.
    #[error("{0}")]
    RootUnusable(#[source] std::io::Error),
    #[error("{UV_REQUIRED}")]
    UvMissing,
    #[error(
        "failed to use `{}`: uv {found} is too old, {wanted} or newer is needed",
        path.display()
    )]
    UvTooOld {
        path: PathBuf,
        found: String,
        wanted: &'static str,
    },
    #[error(
        "failed to run `{}`: {reason}",
        path.display()
    )]
    UvBroken { path: PathBuf, reason: String },
    /// The user agreed to a download that did not succeed.
    #[error("failed to download uv {version}: {reason}")]
    UvDownload { version: String, reason: String },
    /// A runtime bundle that cannot be made, read or used.
    #[error("failed to {verb} `{}`: {reason}", path.display())]
    Bundle {
        verb: &'static str,
        path: PathBuf,
        reason: String,
        hint: Option<String>,
    },
    /// uv can make no virtual environment there.
    #[error(
        "failed to install into `{}`: uv needs a path that is valid UTF-8",
        path.display()
    )]
    RootNotUtf8 { path: PathBuf },
    /// The runtime's programs could not run there.
    #[error(
        "failed to install into `{}`: its file system is mounted noexec, so no program in it can run",
        path.display()
    )]
    RootNotExecutable { path: PathBuf },
    /// Another user could change what this user runs.
    #[error(
        "failed to use `{}` for the KTX Python runtime: {reason}",
        root.display()
    )]
    RootUntrusted { root: PathBuf, reason: String },
    /// It seems healthy but busy: it is not replaced.
    #[error("KTX Python daemon (process {pid}) did not answer: {detail}")]
    DaemonBusy { pid: u32, detail: String },
    /// The runtime's path is taken by something that is not a runtime.
    #[error(
        "failed to replace `{}`: it is not a KTX Python runtime ({reason})",
        path.display()
    )]
    NotOurs { path: PathBuf, reason: String },
    #[error("Python runtime install failed.\n{reason}{tail}\nInstall log: {}", log.display())]
    InstallFailed {
        reason: String,
        tail: String,
        log: PathBuf,
    },
    #[error(
        "failed to lock `{}`: held for {seconds} s by {holder}",
        path.display()
    )]
    LockTimeout {
        path: PathBuf,
        seconds: u64,
        holder: String,
    },
    #[error("KTX Python daemon failed to start: {detail}. stderr: {}", stderr.display())]
    DaemonStart { detail: String, stderr: PathBuf },
    #[error("failed to stop the KTX Python daemon: process {pid} is still running")]
    DaemonStop { pid: u32 },
    #[error("KTX Python runtime is required for this command. Run: {command}")]
    RuntimeRequired { command: String },
    #[error("KTX Python runtime installation was cancelled. Run: {command}")]
    InstallCancelled { command: String },
    /// The runtime was proven ready and is not ready a moment later.
    #[error("{detail}")]
    NotReady { detail: String, command: String },
    #[error(transparent)]
    Http(#[from] crate::http::HttpError),
    #[error("{0}")]
    OneShot(String),
    /// The process answered with a sentence instead of JSON.
    #[error("ktx-daemon {subcommand} failed: {message}")]
    OneShotRefused { subcommand: String, message: String },
}

impl Error {
    /// What to do about it, where that is known: a command to paste, or a sentence.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::RootUnusable(_) => "make this folder writable, or set KTX_RUNTIME_ROOT to one that is",
            Error::UvMissing => return Some(or_download(&format!("install uv ({INSTALL_UV})"))),
            Error::UvTooOld { .. } => return Some(or_download("update uv (uv self update)")),
            Error::UvBroken { .. } => {
                "reinstall uv, or name a working one with KTX_UV, and retry: ktx runtime install --yes"
            }
            Error::UvDownload { .. } => "retry when the package index can be reached, or install uv yourself",
            Error::Bundle { hint, .. } => return hint.clone(),
            Error::RootNotUtf8 { .. } => "set KTX_RUNTIME_ROOT to a path that is valid UTF-8",
            Error::RootNotExecutable { .. } => "set KTX_RUNTIME_ROOT to a folder on another file system",
            Error::RootUntrusted { .. } => "set KTX_RUNTIME_ROOT to a folder that only you can write to",
            Error::NotOurs { .. } => "move it away, or set KTX_RUNTIME_ROOT to another folder",
            Error::LockTimeout { .. } => "wait for it to end, or end it, and retry",
            Error::DaemonBusy { .. } => {
                "retry when it is less busy, or start another: ktx runtime start --force"
            }
            Error::DaemonStop { .. } => "end it by hand and retry: ktx runtime stop",
            Error::NotReady { command, .. } => return Some(format!("run: {command}")),
            Error::Layout(error) => error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// The hint, or the command that a fixed text names, for a caller that acts on it instead of reading the text.
    pub fn next_step(&self) -> Option<String> {
        match self {
            Error::RuntimeRequired { command }
            | Error::InstallCancelled { command }
            | Error::NotReady { command, .. } => Some(command.clone()),
            error => error.hint(),
        }
    }

    /// The signal that ended the operation, if that is why it failed.
    pub fn interrupted(&self) -> Option<Interrupted> {
        match self {
            Error::Interrupted(interrupted) => Some(*interrupted),
            Error::Http(error) => error.interrupted(),
            _ => None,
        }
    }
}

/// What installs uv on this platform.
const INSTALL_UV: &str = if cfg!(windows) {
    "winget install --id=astral-sh.uv -e"
} else if cfg!(target_os = "macos") {
    "brew install uv"
} else {
    "pipx install uv"
};

fn or_download(first: &str) -> String {
    format!("{first}, or let ktx download one for itself: ktx runtime install --yes --with-uv")
}

/// For errors of `fs_err`, which name the path in their text.
impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Error {
        Error::Io(source)
    }
}
