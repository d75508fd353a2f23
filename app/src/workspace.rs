//! The project that a command works on: found, read, and its connections picked by name.

use std::path::{Path, PathBuf};

use ktx_project::config::{Config, Connection};
use ktx_project::semantic::Catalog;
use ktx_project::{ConnectionId, Folder, files};
use ktx_runtime::ports::SemanticModel;
use serde_json::json;

use crate::{App, Error};

/// A connection's semantic layer, as the compiler reads it.
pub fn model<'c>(catalog: &Catalog, connection: &'c Connection) -> SemanticModel<'c> {
    SemanticModel {
        sources: json!(catalog.sources()),
        unreadable: catalog.unreadable(),
        locations: catalog.locations(),
        dialect: connection.driver.dialect(),
        calendar: &connection.calendar,
    }
}

/// A project with its `ktx.yaml` read.
#[derive(Debug)]
pub struct Workspace {
    pub folder: Folder,
    pub config: Config,
}

impl Workspace {
    pub fn open(app: &App) -> Result<Self, Error> {
        let folder = app.folder()?;
        let config = folder.load()?;
        Ok(Self { folder, config })
    }

    /// The named connection, or the only one there is.
    pub fn connection(&self, id: Option<&str>) -> Result<(&ConnectionId, &Connection), Error> {
        if let Some(id) = id {
            return Ok(self.config.connection(id)?);
        }
        let mut connections = self.config.connections.iter();
        match (connections.next(), connections.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Error::Project(ktx_project::Error::ConnectionRequired {
                known: self.config.connections.keys().map(ToString::to_string).collect(),
            })),
        }
    }

    /// The named connection, or all of them in order.
    pub fn connections(&self, id: Option<&str>) -> Result<Vec<&ConnectionId>, Error> {
        Ok(match id {
            Some(id) => vec![self.config.connection(id)?.0],
            None => self.config.connections.keys().collect(),
        })
    }

    /// A folder that a program other than the user named: in the project, or in a folder that `ktx.yaml` names.
    ///
    /// # Errors
    /// For any other folder, whether it exists or not. Links are followed first.
    pub fn readable(&self, named: &Path) -> Result<PathBuf, Error> {
        let project = self.folder.dir();
        let folders = self
            .config
            .ingest
            .folders
            .iter()
            .map(|folder| project.join(folder));
        let allowed: Vec<PathBuf> = std::iter::once(project.to_owned()).chain(folders).collect();
        let wanted = files::cleaned(&project.join(named));
        let real = fs_err::canonicalize(&wanted).ok();
        let is_below = |folder: &PathBuf| match &real {
            Some(real) => fs_err::canonicalize(folder).is_ok_and(|folder| real.starts_with(folder)),
            None => wanted.starts_with(files::cleaned(folder)),
        };
        match allowed.iter().any(is_below) {
            true => Ok(wanted),
            false => Err(Error::hinted(
                format!(
                    "failed to read `{}`: it is not in the project folder",
                    named.display()
                ),
                "add its folder to `ingest.folders` in ktx.yaml",
            )),
        }
    }

    /// A connection's semantic layer. Files that could not be read are reported and skipped.
    pub fn catalog(&self, app: &App, connection: &ConnectionId) -> Result<Catalog, Error> {
        let catalog = Catalog::load(&self.folder, connection)?;
        for problem in &catalog.problems {
            app.warn(&problem.to_string());
        }
        Ok(catalog)
    }
}
