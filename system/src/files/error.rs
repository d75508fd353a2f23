//! The error of a file operation: what was tried, at which path, and why it failed.

use std::io;
use std::path::PathBuf;

/// ``failed to <verb> `<path>`: <cause>``
#[derive(Debug, thiserror::Error)]
#[error("failed to {verb} `{}`: {source}", path.display())]
pub struct PathError {
    pub verb: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl PathError {
    /// Wraps an error of the file system: `.map_err(PathError::new("read", &path))`.
    pub fn new(verb: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> PathError {
        let path = path.into();
        move |source| PathError { verb, path, source }
    }
}
