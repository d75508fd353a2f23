//! The embedding model of a project, if it has one.

use ktx_project::config::Embeddings;
use ktx_project::search::Embedder;

use crate::session::Session;

/// None when embeddings are off: search then has two lanes.
pub fn configured<'s>(_session: &'s Session, embeddings: &Embeddings) -> Option<&'s mut dyn Embedder> {
    match embeddings {
        Embeddings::Off | Embeddings::SentenceTransformers { .. } => None,
    }
}
