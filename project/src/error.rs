//! Everything that can go wrong with a project, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use ktx_system::files::PathError;

use crate::sqlite_error::{ErrorCode, SqliteError};
use crate::yaml::{Finding, SyntaxError, Wording};
use crate::{ConnectionId, files, nearest};

const MAKE_ROOM: &str = "make room on the disk and run the command again; nothing that was there is lost";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Io(PathError),
    #[error("failed to read `{path}`: {source}", path = path.display())]
    Yaml { path: PathBuf, source: SyntaxError },
    #[error("failed to read `{path}`: {}", first_of(findings), path = path.display())]
    InvalidConfig { path: PathBuf, findings: Vec<Finding> },
    #[error("failed to find a project: `{path}` has no ktx.yaml", path = .0.display())]
    NoProject(PathBuf),
    #[error("Project already contains ktx.yaml: {path}", path = .0.display())]
    AlreadyProject(PathBuf),
    #[error("failed to initialise `{inner}`: it is inside the project `{outer}`", inner = inner.display(), outer = outer.display())]
    NestedProject { inner: PathBuf, outer: PathBuf },
    #[error("{0}")]
    BlankProjectDir(&'static str),
    #[error("Unsafe connection id: {0}")]
    UnsafeConnectionId(String),
    #[error("Unsafe semantic-layer source name: {0}")]
    UnsafeSourceName(String),
    #[error("Unsafe wiki page id: {0}")]
    UnsafePageKey(String),
    /// About one page of the wiki.
    #[error("{0}")]
    Page(String),
    #[error("Connection \"{id}\" is not configured in ktx.yaml")]
    UnknownConnection { id: String, nearest: Vec<String> },
    #[error("connectionId is required when the local project has zero or multiple connections.")]
    ConnectionRequired { known: Vec<String> },
    #[error("failed to read `{key}`: the environment variable `{name}` is not set")]
    UnsetVariable { key: String, name: String },
    #[error("failed to open the database of `{0}`: connections.{0} has neither `path` nor `url`")]
    NoDatabaseFile(ConnectionId),
    #[error("Semantic-layer source \"{connection}/{name}\" was not found")]
    UnknownSource {
        connection: ConnectionId,
        name: String,
        nearest: Vec<String>,
    },
    #[error("failed to read the source `{name}`: {fault}")]
    FaultySource { name: String, fault: String },
    #[error("Invalid semantic-layer source: {}", joined(.0))]
    InvalidSource(Vec<Finding>),
    #[error("Invalid semantic-layer source: {0}")]
    SourceSyntax(#[source] SyntaxError),
    #[error("Semantic-layer source name \"{written}\" does not match requested path \"{requested}\"")]
    SourceNameMismatch { written: String, requested: String },
    #[error("failed to use `{path}`: {source}", path = path.display())]
    State { path: PathBuf, source: SqliteError },
}

impl Error {
    pub fn io(verb: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io(PathError {
            verb,
            path: path.to_owned(),
            source: files::cause(error),
        })
    }

    /// What the user does next, where it is not plain from the sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io(error) if error.source.kind() == io::ErrorKind::StorageFull => Some(MAKE_ROOM.into()),
            // SQLite calls it an I/O error when its write-ahead log cannot grow.
            Self::State { source, .. }
                if matches!(
                    source.code(),
                    Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure)
                ) =>
            {
                Some(MAKE_ROOM.into())
            }
            Self::Yaml { .. } | Self::SourceSyntax(_) => Some("fix the YAML at that place".into()),
            Self::InvalidConfig { findings, .. } => match findings.len() {
                0 | 1 => Some("fix that key in ktx.yaml".into()),
                count => Some(format!("fix that key in ktx.yaml; {} more after it", count - 1)),
            },
            Self::NoProject(path) => Some(format!(
                "run `ktx setup` there, pass --project-dir, or make one with `ktx dev init {}`",
                path.display()
            )),
            Self::AlreadyProject(_) => Some("pass --force to overwrite it".into()),
            Self::NestedProject { .. } => {
                Some("choose a folder outside, or pass --force to nest them".into())
            }
            Self::UnknownConnection { nearest, .. } => nearest::hint(nearest)
                .or_else(|| Some("`ktx connection list` shows the configured ones".into())),
            Self::ConnectionRequired { known } => Some(match known.as_slice() {
                [] => "add one under `connections:` in ktx.yaml".into(),
                known => format!("pass --connection-id with one of: {}", known.join(", ")),
            }),
            Self::UnsetVariable { name, .. } => Some(format!("set {name}, or write the value into ktx.yaml")),
            Self::UnsafePageKey(_) => {
                Some("use letters, digits, `_` and `-`, up to 120, and no name of a device".into())
            }
            Self::NoDatabaseFile(_) => Some("add `path: <file>` to it in ktx.yaml".into()),
            Self::UnknownSource { nearest, .. } => {
                nearest::hint(nearest).or_else(|| Some("`ktx sl list` shows the known ones".into()))
            }
            _ => None,
        }
    }
}

fn first_of(findings: &[Finding]) -> String {
    match findings.first() {
        Some(finding) if finding.path == "<root>" || finding.wording == Wording::Sentence => {
            format!("{}: {}", finding.place, finding.message)
        }
        Some(finding) => format!("{}: `{}` {}", finding.place, finding.path, finding.message),
        None => "not a project file".into(),
    }
}

fn joined(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl From<PathError> for Error {
    fn from(error: PathError) -> Self {
        Self::io(error.verb, &error.path, error.source)
    }
}
