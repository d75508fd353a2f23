//! `ingest.adapters` and `ingest.folders`: what an ingest may read, and from where.

use crate::yaml::{Fields, Finding, Node};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdapterName {
    LiveDatabase,
    Looker,
    Metricflow,
    HistoricSql,
    Fake,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestSettings {
    /// As written: a name that this program does not carry is refused when it is asked for, not when it is listed.
    pub adapters: Vec<String>,
    /// Folders outside the project that MCP clients may ingest from; relative ones are in the project folder.
    pub folders: Vec<String>,
}

impl AdapterName {
    pub const ALL: [Self; 5] = [
        Self::LiveDatabase,
        Self::Looker,
        Self::Metricflow,
        Self::HistoricSql,
        Self::Fake,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|adapter| adapter.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::LiveDatabase => "live-database",
            Self::Looker => "looker",
            Self::Metricflow => "metricflow",
            Self::HistoricSql => "historic-sql",
            Self::Fake => "fake",
        }
    }
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            adapters: AdapterName::ALL
                .iter()
                .map(|adapter| adapter.as_str().to_owned())
                .collect(),
            folders: Vec::new(),
        }
    }
}

impl IngestSettings {
    pub fn enables(&self, adapter: &str) -> bool {
        self.adapters.iter().any(|enabled| enabled == adapter)
    }
}

/// `node` is the value of `ingest`.
pub fn read(node: &Node, findings: &mut Vec<Finding>) -> IngestSettings {
    let Some(mut fields) = Fields::open(node, "ingest", findings) else {
        return IngestSettings::default();
    };
    let mut settings = IngestSettings::default();
    if fields.node("adapters").is_some() {
        settings.adapters = fields.texts("adapters");
    }
    settings.folders = fields.texts("folders");
    settings
}
