//! The lanes together: reciprocal rank fusion, which needs no common scale of scores.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::document::{SearchDocument, tokens};
use super::index;
use super::semantic::{self, Embedder, SemanticError};
use crate::Error;
use crate::state::State;

/// The constant of Cormack, Clarke and Buettcher (2009), which keeps the first ranks from drowning the rest.
const FUSION: f64 = 60.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Words of its texts.
    Lexical,
    /// Parts of its names.
    Token,
    /// Its meaning.
    Semantic,
    /// What queries use, of the sources that another lane found.
    Usage,
}

impl Lane {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lexical => "lexical",
            Self::Token => "token",
            Self::Semantic => "semantic",
            Self::Usage => "usage",
        }
    }
}

/// Where one lane put a source.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LaneHit {
    pub lane: Lane,
    /// From 1.
    pub rank: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Position in the documents that were searched.
    pub document: usize,
    pub score: f64,
    pub lanes: Vec<LaneHit>,
}

/// The hits, best first, and why the model's lane is missing when it failed.
pub fn search(
    state: &mut State,
    documents: &[SearchDocument],
    query: &str,
    embedder: Option<&mut dyn Embedder>,
) -> Result<(Vec<Hit>, Option<String>), Error> {
    let mut lanes = vec![
        (Lane::Lexical, index::lexical(state, documents, query)?),
        (Lane::Token, by_tokens(documents, query)),
    ];
    let mut failure = None;
    if let Some(embedder) = embedder {
        match semantic::closest(state, documents, query, embedder) {
            Ok(close) => lanes.push((
                Lane::Semantic,
                close.into_iter().map(|(document, _)| document).collect(),
            )),
            Err(SemanticError::Model(reason)) => failure = Some(reason),
            Err(SemanticError::State(error)) => return Err(error),
        }
    }
    lanes.push((Lane::Usage, by_usage(documents, &lanes)));
    Ok((fuse(documents, &lanes), failure))
}

/// What was found and is used, most used first.
fn by_usage(documents: &[SearchDocument], lanes: &[(Lane, Vec<usize>)]) -> Vec<usize> {
    let found: BTreeSet<usize> = lanes.iter().flat_map(|(_, ranked)| ranked).copied().collect();
    let mut used: Vec<usize> = found
        .into_iter()
        .filter(|place| documents[*place].calls > 0.0)
        .collect();
    used.sort_by(|a, b| documents[*b].calls.total_cmp(&documents[*a].calls).then(a.cmp(b)));
    used
}

/// Documents whose names share the most parts with the query.
fn by_tokens(documents: &[SearchDocument], query: &str) -> Vec<usize> {
    let wanted: BTreeSet<String> = tokens(query).collect();
    let mut found: Vec<(usize, usize)> = documents
        .iter()
        .enumerate()
        .map(|(position, document)| (wanted.intersection(&document.tokens).count(), position))
        .filter(|(shared, _)| *shared > 0)
        .collect();
    found.sort_by_key(|(shared, position)| (std::cmp::Reverse(*shared), *position));
    found.into_iter().map(|(_, position)| position).collect()
}

fn fuse(documents: &[SearchDocument], lanes: &[(Lane, Vec<usize>)]) -> Vec<Hit> {
    let mut hits: BTreeMap<usize, Hit> = BTreeMap::new();
    for (lane, ranked) in lanes {
        for (rank, document) in (1..).zip(ranked) {
            let hit = hits.entry(*document).or_insert(Hit {
                document: *document,
                score: 0.0,
                lanes: Vec::new(),
            });
            hit.lanes.push(LaneHit { lane: *lane, rank });
            #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
            {
                hit.score += 1.0 / (FUSION + rank as f64);
            }
        }
    }
    let mut hits: Vec<Hit> = hits.into_values().collect();
    let name = |hit: &Hit| (&documents[hit.document].connection, &documents[hit.document].name);
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| name(a).cmp(&name(b))));
    for hit in &mut hits {
        hit.score = (hit.score * 10_000.0).round() / 10_000.0;
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::{Embedder, Lane, SearchDocument, search};
    use crate::Folder;
    use crate::search::document::tokens;
    use crate::state::State;

    fn document(name: &str, words: &str) -> SearchDocument {
        SearchDocument {
            connection: "wh".into(),
            name: name.into(),
            words: format!("{name}\n{words}"),
            tokens: tokens(name).collect(),
            calls: 0.0,
        }
    }

    /// Knows one thing: that churn and leaving are the same.
    struct Synonym;

    impl Embedder for Synonym {
        fn model(&self) -> &str {
            "synonym"
        }

        fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
            let vector = |text: &String| match text.contains("churn") || text.contains("leave") {
                true => vec![1.0, 0.0],
                false => vec![0.0, 1.0],
            };
            Ok(texts.iter().map(vector).collect())
        }
    }

    #[test]
    fn each_hit_says_which_lanes_found_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut state = State::open(&Folder::at(dir.path())).expect("opens");
        let documents = [
            document("accounts", "customers that may churn"),
            document("contracts", "annual revenue of an account"),
            document("features", "parts of the product"),
        ];
        let mut found = |query: &str, embedder: Option<&mut dyn Embedder>| -> Vec<(String, Vec<Lane>)> {
            let (hits, failure) = search(&mut state, &documents, query, embedder).expect("searches");
            assert_eq!(failure, None);
            let lanes = |lanes: Vec<super::LaneHit>| lanes.into_iter().map(|hit| hit.lane).collect();
            hits.into_iter()
                .map(|hit| (documents[hit.document].name.clone(), lanes(hit.lanes)))
                .collect()
        };
        let both = vec![Lane::Lexical, Lane::Token];
        assert_eq!(
            found("account", None),
            [
                ("accounts".into(), both),
                ("contracts".into(), vec![Lane::Lexical])
            ]
        );
        assert_eq!(
            found("revenues", None),
            [("contracts".into(), vec![Lane::Lexical])]
        );
        assert_eq!(found("who leaves", None), []);
        assert_eq!(
            found("who leaves", Some(&mut Synonym)),
            [("accounts".into(), vec![Lane::Semantic])]
        );
        assert_eq!(
            found("\" OR * :", None),
            [],
            "the query is words, not a query language"
        );
    }
}
