//! Which parts of a project are set up, for `ktx status` and the end of `ktx setup`.

use ktx_project::config::Embeddings;
use ktx_project::semantic::Catalog;
use ktx_project::{Error, Folder};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct SetupStatus {
    pub project: ProjectStatus,
    pub embeddings: EmbeddingsStatus,
    pub databases: Vec<String>,
    pub sources: Vec<String>,
    pub context: ContextStatus,
    /// What is skipped in the semantic layer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct ProjectStatus {
    pub path: String,
    pub ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Debug, Default, Serialize)]
pub struct EmbeddingsStatus {
    pub ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextStatus {
    pub ready: bool,
    pub source_count: usize,
}

impl SetupStatus {
    /// Reads the project; a missing one is a status, an unreadable one an error.
    pub fn of(folder: &Folder) -> Result<Self, Error> {
        let mut status = Self {
            project: ProjectStatus {
                path: folder.dir().display().to_string(),
                ready: false,
                name: None,
            },
            embeddings: EmbeddingsStatus::default(),
            databases: Vec::new(),
            sources: Vec::new(),
            context: ContextStatus::default(),
            problems: Vec::new(),
        };
        if !folder.is_project() {
            return Ok(status);
        }
        let config = folder.load()?;
        status.project.ready = true;
        status.project.name = Some(config.project.clone());
        if let Embeddings::SentenceTransformers { model, .. } = &config.embeddings {
            status.embeddings = EmbeddingsStatus {
                ready: true,
                model: Some(model.clone()),
            };
        }
        for id in config.connections.keys() {
            status.databases.push(id.to_string());
            let catalog = Catalog::load(folder, id)?;
            status.context.source_count += catalog.entries.len();
            status
                .problems
                .extend(catalog.problems.iter().map(ToString::to_string));
        }
        status.context.ready = status.context.source_count > 0;
        Ok(status)
    }

    /// The status as text, one fact per line.
    pub fn lines(&self) -> Vec<String> {
        let listed = |names: &[String]| match names {
            [] => "no".to_owned(),
            names => format!("yes ({})", names.join(", ")),
        };
        let yes = |ready: bool| if ready { "yes" } else { "no" };
        let embeddings = match &self.embeddings.model {
            Some(model) => format!("yes ({model})"),
            None => "no".to_owned(),
        };
        vec![
            format!("KTX project: {}", self.project.path),
            format!("Project ready: {}", yes(self.project.ready)),
            format!("Embeddings ready: {embeddings}"),
            format!("Primary sources configured: {}", listed(&self.databases)),
            format!("Context sources configured: {}", listed(&self.sources)),
            format!("KTX context built: {}", yes(self.context.ready)),
        ]
    }
}
