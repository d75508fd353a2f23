//! Vectors of sources, remembered in the local state, and their closeness to a question.

use rusqlite::{OptionalExtension as _, params};

use super::document::SearchDocument;
use crate::Error;
use crate::state::State;

/// Below this cosine two texts have nothing to do with each other; sentence models give unrelated ones about 0.1.
const RELATED: f32 = 0.3;
/// The maximum number of texts in one request to the service.
const BATCH: usize = 100;

/// Turns texts into vectors of one length.
pub trait Embedder {
    fn model(&self) -> &str;
    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, String>;
}

#[derive(Debug)]
pub enum SemanticError {
    State(Error),
    /// The model did not answer: the other lanes still do.
    Model(String),
}

/// The documents closest to the query, best first, with their cosine.
pub fn closest(
    state: &mut State,
    documents: &[SearchDocument],
    query: &str,
    embedder: &mut dyn Embedder,
) -> Result<Vec<(usize, f32)>, SemanticError> {
    let model = embedder.model().to_owned();
    let digests: Vec<String> = documents.iter().map(SearchDocument::digest).collect();
    let mut vectors = remembered(state, &model, &digests).map_err(SemanticError::State)?;
    let missing: Vec<usize> = (0..documents.len())
        .filter(|position| vectors[*position].is_none())
        .collect();
    for batch in missing.chunks(BATCH) {
        let texts: Vec<String> = batch
            .iter()
            .map(|position| documents[*position].words.clone())
            .collect();
        let embedded = embedder.embed(&texts).map_err(SemanticError::Model)?;
        remember(
            state,
            &model,
            batch
                .iter()
                .map(|position| digests[*position].as_str())
                .zip(&embedded),
        )
        .map_err(SemanticError::State)?;
        for (position, vector) in batch.iter().zip(embedded) {
            vectors[*position] = Some(vector);
        }
    }
    let question = embedder
        .embed(&[query.to_owned()])
        .map_err(SemanticError::Model)?
        .pop()
        .unwrap_or_default();
    let mut close: Vec<(usize, f32)> = vectors
        .iter()
        .enumerate()
        .filter_map(|(position, vector)| Some((position, cosine(&question, vector.as_deref()?))))
        .filter(|(_, cosine)| *cosine >= RELATED)
        .collect();
    close.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(close)
}

fn remembered(state: &mut State, model: &str, digests: &[String]) -> Result<Vec<Option<Vec<f32>>>, Error> {
    state.transaction(|transaction| {
        let mut find =
            transaction.prepare("select vector from embeddings where model = ?1 and digest = ?2")?;
        let mut vector = |digest: &String| {
            let text: Option<String> = find
                .query_row(params![model, digest], |row| row.get(0))
                .optional()?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        };
        digests.iter().map(&mut vector).collect()
    })
}

fn remember<'d>(
    state: &mut State,
    model: &str,
    vectors: impl Iterator<Item = (&'d str, &'d Vec<f32>)>,
) -> Result<(), Error> {
    state.transaction(|transaction| {
        let mut insert = transaction
            .prepare("insert or replace into embeddings (model, digest, vector) values (?1, ?2, ?3)")?;
        for (digest, vector) in vectors {
            let text = serde_json::to_string(vector).unwrap_or_default();
            insert.execute(params![model, digest, text])?;
        }
        Ok(())
    })
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 0.0;
    }
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    let length = (dot(a, a) * dot(b, b)).sqrt();
    if length > 0.0 { dot(a, b) / length } else { 0.0 }
}
