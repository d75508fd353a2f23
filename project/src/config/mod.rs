//! `ktx.yaml`: which connections a project has and how it ingests and embeds. Unknown keys are ignored, so that
//! files of other versions keep working; a known key of the wrong type is refused with its line.

mod connection;
mod edit;
mod embeddings;
mod ingest;
mod scan;

pub use connection::{Connection, Driver, HistoricSql, LookerTarget, Setting};
pub use edit::{NewConnection, with_connection, with_managed_embeddings, without_connection};
pub use embeddings::{Embeddings, MANAGED_BASE_URL};
pub use ingest::{AdapterName, IngestSettings};
pub use scan::RelationshipSettings;

use std::collections::BTreeMap;
use std::path::Path;

use crate::yaml::{self, Fields, Finding, Node};
use crate::{ConnectionId, Error, nearest};

pub const FILE_NAME: &str = "ktx.yaml";

#[derive(Debug, Clone)]
pub struct Config {
    pub project: String,
    pub connections: BTreeMap<ConnectionId, Connection>,
    pub ingest: IngestSettings,
    pub embeddings: Embeddings,
    pub relationships: RelationshipSettings,
}

impl Config {
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs_err::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
        Self::parse(&text, path)
    }

    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let node = yaml::parse(text).map_err(|source| Error::Yaml {
            path: path.to_owned(),
            source,
        })?;
        let mut findings = Vec::new();
        let config = read(&node, &mut findings);
        match (config, findings.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(Error::InvalidConfig {
                path: path.to_owned(),
                findings,
            }),
        }
    }

    pub fn connection(&self, id: &str) -> Result<(&ConnectionId, &Connection), Error> {
        self.connections
            .iter()
            .find(|(known, _)| known.as_str() == id)
            .ok_or_else(|| Error::UnknownConnection {
                id: id.to_owned(),
                nearest: nearest::among(id, self.connections.keys().map(ConnectionId::as_str)),
            })
    }
}

fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<Config> {
    let Some(mut fields) = Fields::open(node, "", findings) else {
        findings.clear();
        findings.push(Finding::new(
            "<root>",
            "ktx.yaml must contain a YAML object",
            node.place,
        ));
        return None;
    };
    let project = match fields.text("project").filter(|name| !name.trim().is_empty()) {
        Some(name) => name,
        None => {
            if fields.findings().is_empty() {
                fields.refuse_in_full("project", "ktx.yaml field \"project\" is required");
            }
            return None;
        }
    };
    let mut connections = BTreeMap::new();
    for (key, node) in fields.entries("connections") {
        match ConnectionId::parse(&key.name) {
            Ok(id) => {
                if let Some(connection) = connection::read(node, &key.name, fields.findings()) {
                    connections.insert(id, connection);
                }
            }
            Err(error) => fields.findings().push(Finding::new(
                format!("connections.{}", key.name),
                error.to_string(),
                key.place,
            )),
        }
    }
    let (ingest, embeddings) = match fields.node("ingest") {
        Some(node) => (
            ingest::read(node, fields.findings()),
            embeddings::read(node, fields.findings()),
        ),
        None => (IngestSettings::default(), Embeddings::default()),
    };
    let relationships = match fields.node("scan") {
        Some(node) => scan::read(node, fields.findings()),
        None => RelationshipSettings::default(),
    };
    Some(Config {
        project,
        connections,
        ingest,
        embeddings,
        relationships,
    })
}
