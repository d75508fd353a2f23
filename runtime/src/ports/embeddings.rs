//! Texts as vectors.

use serde_json::{Value, json};

use super::service::{Call, PortError, Service};
use crate::http::Caller;

const COMPUTE: Call = Call {
    caller: Caller::ManagedDaemon,
    path: "/embeddings/compute-bulk",
    subcommand: "embedding-compute-bulk",
};

/// One vector for each text, all of one length.
///
/// # Errors
/// When there is no answer, or it holds fewer vectors than texts.
pub fn embed(service: &Service, texts: &[String]) -> Result<Vec<Vec<f32>>, PortError> {
    let mut answer = service.call(COMPUTE, &json!({"texts": texts}))?;
    let vectors: Option<Vec<Vec<f32>>> = answer
        .remove("embeddings")
        .and_then(|vectors: Value| serde_json::from_value(vectors).ok());
    vectors
        .filter(|vectors| {
            vectors.len() == texts.len() && vectors.windows(2).all(|pair| pair[0].len() == pair[1].len())
        })
        .ok_or_else(|| {
            PortError::Answer(
                "ktx-daemon embeddings response is missing number[][] field embeddings".to_owned(),
            )
        })
}
