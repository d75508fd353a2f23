//! Which dimensions a set of measures can be grouped by, without their rows being repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use ktx_project::nearest;
use ktx_project::semantic::{Catalog, Column, JoinGraph, Reach, Visibility, best_description};
use regex::Regex;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Error, Workspace};

/// A qualified name in an expression.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""?([A-Za-z_]\w*)"?\s*\.\s*"?([A-Za-z_]\w*)"?"#).expect("a valid expression")
});

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dimensions {
    pub connection_id: String,
    /// The sources whose rows the measures aggregate
    pub facts: Vec<String>,
    pub dimensions: Vec<Dimension>,
    /// Places that are reached in several equally short ways: name one of the paths before the column
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<AmbiguousPlace>,
    pub total_dimensions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Dimension {
    /// As sl_query takes it
    pub name: String,
    /// string, number, time or boolean; a time takes a granularity
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct AmbiguousPlace {
    pub place: String,
    pub paths: Vec<String>,
}

/// Every dimension that fits all of the measures, those of the facts themselves first.
///
/// # Errors
/// On a measure that names nothing of the model.
pub fn compatible(
    workspace: &Workspace,
    connection: Option<&str>,
    measures: &[String],
) -> Result<Dimensions, Error> {
    let (id, _) = workspace.connection(connection)?;
    let catalog = Catalog::load(&workspace.folder, id)?;
    let graph = JoinGraph::of(catalog.entries.values().map(|entry| &entry.source));
    let mut facts = BTreeSet::new();
    for measure in measures {
        let found = facts_of(&catalog, &graph, measure)?;
        facts.extend(found);
    }
    let reaches: Vec<BTreeMap<&str, Reach>> = facts.iter().map(|fact| graph.reach(fact)).collect();
    let mut places: Vec<(usize, &str)> = Vec::new();
    let mut ambiguous = Vec::new();
    for (node, _) in graph.nodes() {
        let ways: Vec<&Reach> = reaches.iter().filter_map(|reach| reach.get(node)).collect();
        if ways.len() < reaches.len() || ways.is_empty() {
            continue;
        }
        let paths = ways.iter().find_map(|way| match way {
            Reach::Ambiguous(paths) => Some(paths.clone()),
            Reach::Steps(_) => None,
        });
        match paths {
            Some(paths) => ambiguous.push(AmbiguousPlace {
                place: node.to_owned(),
                paths,
            }),
            None => {
                let steps = ways.iter().map(|way| match way {
                    Reach::Steps(steps) => *steps,
                    Reach::Ambiguous(_) => 0,
                });
                places.push((steps.sum(), node));
            }
        }
    }
    places.sort_unstable();
    let mut dimensions = Vec::new();
    for (_, node) in places {
        let columns = graph.source(node).into_iter().flat_map(|source| &source.columns);
        dimensions.extend(columns.filter(|column| is_shown(column)).map(|column| Dimension {
            name: format!("{node}.{}", column.name),
            kind: column.kind.as_str(),
            description:
                best_description(column.description.as_deref(), &column.descriptions).map(str::to_owned),
        }));
    }
    Ok(Dimensions {
        connection_id: id.to_string(),
        facts: facts.into_iter().collect(),
        total_dimensions: dimensions.len(),
        dimensions,
        ambiguous,
        next_cursor: None,
    })
}

/// Whether a column is meant to be asked for.
pub fn is_shown(column: &Column) -> bool {
    matches!(column.visibility, None | Some(Visibility::Public))
}

/// The sources whose rows a measure aggregates: those that it names, and those that its parts name in turn.
fn facts_of(catalog: &Catalog, graph: &JoinGraph<'_>, measure: &str) -> Result<BTreeSet<String>, Error> {
    let mut facts = BTreeSet::new();
    let mut waiting = vec![measure.to_owned()];
    let mut read = BTreeSet::new();
    while let Some(expression) = waiting.pop() {
        for name in NAME.captures_iter(&expression) {
            let (node, member) = (&name[1], &name[2]);
            let Some(source) = graph.source(node) else {
                if expression == measure {
                    return Err(unknown(
                        node,
                        "source",
                        catalog.entries.keys().map(String::as_str),
                        "",
                    ));
                }
                continue;
            };
            facts.insert(node.to_owned());
            let known = source.measures.iter().find(|known| known.name == member);
            if let Some(known) = known
                && read.insert((node.to_owned(), member.to_owned()))
            {
                waiting.push(known.expr.clone());
            }
            if known.is_none() && !source.columns.iter().any(|column| column.name == member) {
                let names = source.measures.iter().map(|measure| measure.name.as_str());
                let names = names.chain(source.columns.iter().map(|column| column.name.as_str()));
                return Err(unknown(
                    member,
                    &format!("measure or column of `{node}`"),
                    names,
                    &format!("{node}."),
                ));
            }
        }
    }
    match facts.is_empty() {
        true => Err(Error::hinted(
            format!("failed to read the measure `{measure}`: it names no source"),
            "a measure is `source.measure`, or an expression such as `sum(source.column)`",
        )),
        false => Ok(facts),
    }
}

fn unknown<'n>(name: &str, what: &str, known: impl Iterator<Item = &'n str>, before: &str) -> Error {
    let near = nearest::among(name, known);
    let near: Vec<String> = near.into_iter().map(|near| format!("{before}{near}")).collect();
    Error::Refused {
        message: format!("unknown {what}: `{name}`"),
        hint: nearest::hint(&near)
            .or_else(|| Some("sl_list_sources and sl_read_source show what there is".to_owned())),
    }
}
