//! One ranking for everything that is searched: sources and pages of the wiki.

use ktx_project::search::{self, Hit, SearchDocument};
use ktx_project::state::State;

use crate::{App, Error, Workspace, embedding};

/// The documents that match, best first, by words, names, use and, where a model is configured, by meaning.
pub fn ranked(
    app: &App,
    workspace: &Workspace,
    documents: &[SearchDocument],
    query: &str,
) -> Result<Vec<Hit>, Error> {
    let mut state = State::open(&workspace.folder)?;
    let mut embedder = embedding::configured(app, &workspace.config.embeddings);
    let embedder = embedder.as_deref_mut().map(|embedder| embedder as _);
    let (hits, failure) = search::search(&mut state, documents, query, embedder)?;
    app.interrupt.check()?;
    if let Some(reason) = failure {
        app.warn(&format!("searched without embeddings: {reason}"));
    }
    Ok(hits)
}
