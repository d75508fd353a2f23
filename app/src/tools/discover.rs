//! What of a model answers a question in words: its sources, and of each the measures, dimensions and segments that
//! share words with the question.

use std::collections::BTreeSet;

use ktx_project::search::{Lane, tokens};
use ktx_project::semantic::{Source, best_description};
use ktx_project::{ConnectionId, semantic};
use schemars::JsonSchema;
use serde::Serialize;

use super::dimensions::is_shown;
use super::{sizes, sources};
use crate::{App, Error, Workspace};

/// Members of one kind and source, at most.
const MOST_MEMBERS: usize = 8;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// Best first
    pub sources: Vec<FoundSource>,
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

/// The sources that answer a question, best first.
pub fn discover(
    app: &App,
    workspace: &Workspace,
    connection: Option<&str>,
    question: &str,
    limit: usize,
) -> Result<Discovery, Error> {
    let mut entries: Vec<(ConnectionId, semantic::Entry)> = Vec::new();
    for id in workspace.connections(connection)? {
        let catalog = workspace.catalog(app, id)?;
        entries.extend(catalog.entries.into_values().map(|entry| (id.clone(), entry)));
    }
    let words: BTreeSet<String> = tokens(question).collect();
    let hits = sources::search(app, workspace, &entries, question)?;
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
        }
    });
    let mut sources: Vec<FoundSource> = found.collect();
    truncated |= sizes::fit(&mut sources);
    Ok(Discovery { sources, truncated })
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
