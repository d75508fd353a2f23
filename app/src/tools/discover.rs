//! What of a model answers a question in words: its sources, and of each the measures, dimensions and segments that
//! share words with the question.

use std::collections::BTreeSet;

use ktx_project::search::{Lane, tokens};
use ktx_project::semantic::{Source, best_description};
use ktx_project::{ConnectionId, semantic};
use schemars::JsonSchema;
use serde::Serialize;

use super::dimensions::is_shown;
use super::{sizes, sources, wiki};
use crate::{App, Error, Workspace};

/// Members of one kind and source, at most.
const MOST_MEMBERS: usize = 8;
/// Words of questions that say nothing about their subject.
const FUNCTION_WORDS: [&str; 43] = [
    "a", "all", "an", "and", "are", "at", "be", "by", "can", "did", "do", "does", "each", "for", "from",
    "had", "has", "have", "how", "i", "in", "is", "it", "many", "me", "much", "of", "on", "or", "our",
    "show", "the", "their", "there", "to", "us", "was", "we", "were", "what", "which", "who", "with",
];
/// Pages of an answer, at most.
const MOST_PAGES: usize = 3;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// Best first
    pub sources: Vec<FoundSource>,
    /// Pages of the wiki that match, for knowledge_read
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<FoundPage>,
    /// More sources match
    pub truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundSource {
    pub connection_id: String,
    pub source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub score: f64,
    /// What found it: its words (lexical), its names (token), its meaning (semantic), its use in queries (usage)
    pub reasons: Vec<Lane>,
    /// Those that share words with the question; all of a small source when none does
    pub measures: Vec<FoundMember>,
    pub dimensions: Vec<FoundMember>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<FoundMember>,
    /// Keys of pages of the wiki that speak of it
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundPage {
    pub key: String,
    pub summary: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundMember {
    /// As sl_query takes it
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The words of the question that it shares
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// The sources and pages that answer a question, best first.
pub fn discover(
    app: &App,
    workspace: &Workspace,
    user: &str,
    connection: Option<&str>,
    question: &str,
    limit: usize,
) -> Result<Discovery, Error> {
    let mut entries: Vec<(ConnectionId, semantic::CatalogEntry)> = Vec::new();
    for id in workspace.connections(connection)? {
        let catalog = workspace.catalog(app, id)?;
        entries.extend(catalog.entries.into_values().map(|entry| (id.clone(), entry)));
    }
    let pages = wiki::pages(app, workspace, user)?;
    let question = content_words(question);
    let words: BTreeSet<String> = tokens(&question).collect();
    let hits = sources::search(app, workspace, &entries, &question)?;
    let mut truncated = hits.len() > limit;
    let found = hits.into_iter().take(limit).map(|hit| {
        let (id, entry) = &entries[hit.document];
        let source = &entry.source;
        FoundSource {
            connection_id: id.to_string(),
            source: source.name.clone(),
            description: source.summary().map(str::to_owned),
            score: hit.score,
            reasons: hit.lanes.iter().map(|lane| lane.lane).collect(),
            measures: best(&words, measures(source)),
            dimensions: best(&words, dimensions(source)),
            segments: best(&words, segments(source)),
            pages: wiki::of_source(&pages, id, &source.name)
                .into_iter()
                .map(|page| page.key.clone())
                .collect(),
        }
    });
    let mut sources: Vec<FoundSource> = found.collect();
    truncated |= sizes::fit(&mut sources);
    let found = wiki::search(app, workspace, user, &question, MOST_PAGES)?.results;
    Ok(Discovery {
        sources,
        pages: found
            .into_iter()
            .map(|page| FoundPage {
                key: page.key,
                summary: page.summary,
            })
            .collect(),
        truncated,
    })
}

fn content_words(question: &str) -> String {
    let words = question.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let told =
        words.filter(|word| !word.is_empty() && !FUNCTION_WORDS.contains(&word.to_lowercase().as_str()));
    told.collect::<Vec<&str>>().join(" ")
}

type Members<'m> = Vec<(String, Option<&'m str>)>;

fn measures(source: &Source) -> Members<'_> {
    let named = |measure: &'_ semantic::Measure| format!("{}.{}", source.name, measure.name);
    source
        .measures
        .iter()
        .map(|measure| (named(measure), measure.description.as_deref()))
        .collect()
}

fn dimensions(source: &Source) -> Members<'_> {
    let shown = source.columns.iter().filter(|column| is_shown(column));
    shown
        .map(|column| {
            let description = best_description(column.description.as_deref(), &column.descriptions);
            (format!("{}.{}", source.name, column.name), description)
        })
        .collect()
}

fn segments(source: &Source) -> Members<'_> {
    let named = |segment: &'_ semantic::Segment| format!("{}.{}", source.name, segment.name);
    source
        .segments
        .iter()
        .map(|segment| (named(segment), segment.description.as_deref()))
        .collect()
}

/// Those that share most words with the question, in their name or description. A word of the source's own name says
/// nothing about which of its members is meant.
fn best(words: &BTreeSet<String>, members: Members<'_>) -> Vec<FoundMember> {
    let mut found: Vec<FoundMember> = members
        .into_iter()
        .map(|(name, description)| {
            let own = name.split_once('.').map_or(name.as_str(), |(_, member)| member);
            let texts = tokens(own).chain(description.into_iter().flat_map(tokens));
            let shared: BTreeSet<String> = texts.filter(|word| words.contains(word)).collect();
            FoundMember {
                description: description.map(str::to_owned),
                words: shared.into_iter().collect(),
                name,
            }
        })
        .collect();
    if found.iter().any(|member| !member.words.is_empty()) {
        found.retain(|member| !member.words.is_empty());
        found.sort_by_key(|member| std::cmp::Reverse(member.words.len()));
    }
    found.truncate(MOST_MEMBERS);
    found
}
