//! `ingest.embeddings`: which model turns texts into vectors for search, if any.

use crate::yaml::{Fields, Finding, Node};

/// Takes the place of a URL: the daemon that this program manages.
pub const MANAGED_BASE_URL: &str = "managed:local-embeddings";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Embeddings {
    /// `none`, or `deterministic` (the default): nothing that could find a synonym.
    #[default]
    Off,
    /// A sentence-transformers model behind a URL, or behind the managed daemon.
    SentenceTransformers {
        model: String,
        dimensions: usize,
        base_url: Option<String>,
    },
}

impl Embeddings {
    pub fn is_managed(&self) -> bool {
        matches!(self, Self::SentenceTransformers { base_url: Some(url), .. } if url == MANAGED_BASE_URL)
    }
}

/// `node` is the value of `ingest`.
pub fn read(node: &Node, findings: &mut Vec<Finding>) -> Embeddings {
    let Some(node) = node.get("embeddings") else {
        return Embeddings::Off;
    };
    let Some(mut fields) = Fields::open(node, "ingest.embeddings", findings) else {
        return Embeddings::Off;
    };
    if fields.node("provider").is_some() {
        fields.refuse_in_full(
            "provider",
            "Unsupported ingest.embeddings.provider: use ingest.embeddings.backend",
        );
        return Embeddings::Off;
    }
    let known = ["none", "deterministic", "openai", "sentence-transformers"];
    if fields.word("backend", &known) != Some("sentence-transformers") {
        return Embeddings::Off;
    }
    let model = fields.text("model").unwrap_or_else(|| "all-MiniLM-L6-v2".into());
    let dimensions = fields
        .count("dimensions")
        .and_then(|count| count.try_into().ok())
        .unwrap_or(384);
    let base_url = match fields.node("sentenceTransformers") {
        Some(node) => Fields::open(node, "ingest.embeddings.sentenceTransformers", fields.findings())
            .and_then(|mut inner| inner.text("base_url")),
        None => None,
    };
    Embeddings::SentenceTransformers {
        model,
        dimensions,
        base_url,
    }
}
