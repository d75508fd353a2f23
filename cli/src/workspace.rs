//! The project that a command works on: found, read, and its connections picked by name.

use anyhow::Context as _;
use ktx_project::config::{Config, Connection};
use ktx_project::semantic::Catalog;
use ktx_project::{ConnectionId, Error, Folder};

use crate::session::Session;

/// A project with its `ktx.yaml` read.
#[derive(Debug)]
pub struct Workspace {
    pub folder: Folder,
    pub config: Config,
}

/// The folder that the flag, the environment or the working folder names; it need not hold a project yet.
pub fn folder(session: &Session) -> anyhow::Result<Folder> {
    let working = session
        .environment
        .current_dir()
        .context("failed to find the working folder: it is gone")?;
    let folder = Folder::discover(
        session.global.project_dir.as_deref(),
        &session.environment,
        working,
    )?;
    session.debug(&format!("projectDir={}", folder.dir().display()));
    Ok(folder)
}

impl Workspace {
    pub fn open(session: &Session) -> anyhow::Result<Self> {
        let folder = folder(session)?;
        let config = folder.load()?;
        Ok(Self { folder, config })
    }

    /// The named connection, or the only one there is.
    pub fn connection(&self, id: Option<&str>) -> Result<(&ConnectionId, &Connection), Error> {
        if let Some(id) = id {
            return self.config.connection(id);
        }
        let mut connections = self.config.connections.iter();
        match (connections.next(), connections.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Error::ConnectionRequired {
                known: self.config.connections.keys().map(ToString::to_string).collect(),
            }),
        }
    }

    /// The named connection, or all of them in order.
    pub fn connections(&self, id: Option<&str>) -> Result<Vec<&ConnectionId>, Error> {
        Ok(match id {
            Some(id) => vec![self.config.connection(id)?.0],
            None => self.config.connections.keys().collect(),
        })
    }

    /// A connection's semantic layer. Files that could not be read are told and left out.
    pub fn catalog(&self, session: &Session, connection: &ConnectionId) -> Result<Catalog, Error> {
        let catalog = Catalog::load(&self.folder, connection)?;
        for problem in &catalog.problems {
            session.printer.talk(&format!("warning: {problem}"));
        }
        Ok(catalog)
    }
}
