//! Finding sources by words, by the parts of their names and, where a model is configured, by meaning. Each hit
//! says which of these found it.

mod document;
mod index;
mod rank;
mod semantic;

pub use document::{SearchDocument, tokens};
pub use rank::{Hit, Lane, LaneHit, search};
pub use semantic::Embedder;
