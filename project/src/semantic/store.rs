//! Reading, checking and writing one source by name: `sl read`, `sl validate`, `sl write`.

use std::path::{Path, PathBuf};

use super::catalog::Catalog;
use super::shape::{self, Definition};
use crate::folder::Folder;
use crate::yaml::{self, Finding};
use crate::{ConnectionId, Error, SourceName, files, nearest};

/// A source as text, and the file that it was read from; a scanned table has no file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// From the project folder.
    pub path: Option<String>,
    pub text: String,
}

/// A source: its file as written, or a scanned table as a whole source.
pub fn read_source(folder: &Folder, connection: &ConnectionId, name: &str) -> Result<SourceFile, Error> {
    let written = |path: &Path| {
        let text = fs_err::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
        Ok(SourceFile {
            path: Some(folder.relative(path)),
            text,
        })
    };
    // Scanned tables keep the warehouse's own names, which need not be file names of ours.
    let named = SourceName::parse(name);
    if let Ok(name) = &named {
        let direct = source_path(folder, connection, name);
        if direct.is_file() {
            return written(&direct);
        }
    }
    let catalog = Catalog::load(folder, connection)?;
    match catalog.entries.get(name) {
        Some(entry) if entry.path.contains('#') => Ok(SourceFile {
            path: None,
            text: yaml::to_text(&entry.source),
        }),
        Some(entry) => written(&folder.dir().join(&entry.path)),
        None => Err(match (catalog.unreadable().remove(name), named) {
            (Some(fault), _) => Error::FaultySource {
                name: name.to_owned(),
                fault,
            },
            (None, Err(error)) => error,
            (None, Ok(_)) => Error::UnknownSource {
                connection: connection.clone(),
                name: name.to_owned(),
                nearest: nearest::among(name, catalog.entries.keys().map(String::as_str)),
            },
        }),
    }
}

/// Shape only: no Python is asked.
pub fn validate_text(text: &str) -> Result<Definition, Vec<Finding>> {
    let node = yaml::parse(text).map_err(|error| {
        let place = error.place.unwrap_or(yaml::Position { line: 1, column: 1 });
        vec![Finding::new("<root>", error.reason, place)]
    })?;
    shape::read(&node)
}

/// The file that a source is written to.
pub fn source_path(folder: &Folder, connection: &ConnectionId, name: &SourceName) -> PathBuf {
    folder.semantic_layer(connection).join(format!("{name}.yaml"))
}

/// Checks and writes one source; gives the path from the project folder.
pub fn write_text(
    folder: &Folder,
    connection: &ConnectionId,
    name: &str,
    text: &str,
) -> Result<String, Error> {
    let name = SourceName::parse(name)?;
    let definition = validate_text(text).map_err(Error::InvalidSource)?;
    if definition.name() != name.as_str() {
        return Err(Error::SourceNameMismatch {
            written: definition.name().to_owned(),
            requested: name.as_str().to_owned(),
        });
    }
    let path = source_path(folder, connection, &name);
    let text = if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    };
    files::write(&path, text.as_bytes())?;
    Ok(folder.relative(&path))
}
