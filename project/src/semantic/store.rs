//! Reading, checking and writing one source by name: `sl read`, `sl validate`, `sl write`.

use super::catalog::Catalog;
use super::shape::{self, Definition};
use crate::folder::Folder;
use crate::yaml::{self, Finding};
use crate::{ConnectionId, Error, SourceName, files, nearest};

/// The YAML of a source: its file as written, or a scanned table as a whole source.
pub fn read_text(folder: &Folder, connection: &ConnectionId, name: &str) -> Result<String, Error> {
    let direct = match SourceName::parse(name) {
        Ok(name) => folder.semantic_layer(connection).join(format!("{name}.yaml")),
        // Scanned tables keep the warehouse's own names, which need not be file names of ours.
        Err(error) => {
            let catalog = Catalog::load(folder, connection)?;
            return catalog
                .entries
                .get(name)
                .map(|entry| yaml::to_text(&entry.source))
                .ok_or(error);
        }
    };
    if direct.is_file() {
        return fs_err::read_to_string(&direct).map_err(|error| Error::io("read", &direct, error));
    }
    let catalog = Catalog::load(folder, connection)?;
    let Some(entry) = catalog.entries.get(name) else {
        return Err(Error::UnknownSource {
            connection: connection.clone(),
            name: name.to_owned(),
            nearest: nearest::among(name, catalog.entries.keys().map(String::as_str)),
        });
    };
    match entry.path.contains('#') {
        true => Ok(yaml::to_text(&entry.source)),
        false => {
            let path = folder.dir().join(&entry.path);
            fs_err::read_to_string(&path).map_err(|error| Error::io("read", &path, error))
        }
    }
}

/// Shape only: no Python is asked.
pub fn validate_text(text: &str) -> Result<Definition, Vec<Finding>> {
    let node = yaml::parse(text).map_err(|error| {
        vec![Finding {
            path: "<root>".into(),
            message: error.to_string(),
            place: error.place.unwrap_or(yaml::Place { line: 1, column: 1 }),
        }]
    })?;
    shape::read(&node)
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
    let path = folder.semantic_layer(connection).join(format!("{name}.yaml"));
    let text = if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    };
    files::write(&path, text.as_bytes())?;
    Ok(folder.relative(&path))
}
