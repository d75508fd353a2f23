//! Where a database is: what every request about one begins with.

use serde::Serialize;

/// A driver of the daemon, and what it opens. Secrets are in here: it has no `Debug`.
#[derive(Clone, Serialize)]
pub struct DatabasePlace {
    /// By the daemon's name.
    pub driver: &'static str,
    #[serde(flatten)]
    pub at: PlaceKind,
}

/// A server's URL with its credentials, or the absolute path of a file or folder.
#[derive(Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceKind {
    Url(String),
    Path(String),
}
