//! What SQLite reports, with its code for decisions and without the statement that rusqlite repeats behind the message.

pub use rusqlite::ErrorCode;

/// An error of SQLite. Its text is SQLite's own message.
#[derive(Debug)]
pub struct SqliteError(rusqlite::Error);

impl SqliteError {
    /// SQLite's primary result code; none for an error of the binding, such as a value of the wrong type.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.sqlite_error_code()
    }
}

impl std::fmt::Display for SqliteError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            rusqlite::Error::SqliteFailure(_, Some(message)) => formatter.write_str(message),
            rusqlite::Error::SqlInputError { msg, .. } => formatter.write_str(msg),
            error => error.fmt(formatter),
        }
    }
}

impl std::error::Error for SqliteError {}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error)
    }
}
