//! The joins of a model as a graph: sources and roles as nodes, and the shortest paths along which a fact's rows keep
//! their number. The compiler decides the same from the same joins; a test compares the two.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;

use regex::Regex;

use super::source::{Join, Relationship, Source};

/// A condition that equates two columns, each with its table or without.
static EQUALITY: LazyLock<Regex> = LazyLock::new(|| {
    let name = r#"(?:"?(\w+)"?\s*\.\s*)?"?(\w+)"?"#;
    Regex::new(&format!(r"^\s*{name}\s*=\s*{name}\s*$")).expect("a valid expression")
});
static AND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\s+and\s+").expect("a valid expression"));

/// Names of a path that is not unique, at most.
const MOST_SHOWN: usize = 5;

/// One way out of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    pub target: String,
    /// A row of the origin meets at most one row of the target.
    pub is_to_one: bool,
}

/// A join as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge<'m> {
    pub from: &'m str,
    /// The source, or the role that the join makes of it.
    pub to: String,
    pub source: &'m str,
    pub on: &'m str,
    pub relationship: Relationship,
}

/// How a fact gets to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// One shortest path; the number of its steps.
    Steps(usize),
    /// Several of the same length, as references name them.
    Ambiguous(Vec<String>),
}

#[derive(Debug, Default)]
pub struct JoinGraph<'m> {
    source_of: BTreeMap<String, &'m Source>,
    steps: BTreeMap<String, Vec<Hop>>,
    edges: Vec<Edge<'m>>,
}

impl<'m> JoinGraph<'m> {
    /// Joins to sources that the model does not have are left out.
    pub fn of(sources: impl IntoIterator<Item = &'m Source>) -> Self {
        let sources: BTreeMap<&str, &Source> = sources
            .into_iter()
            .map(|source| (source.name.as_str(), source))
            .collect();
        let mut graph = Self::default();
        let mut roles: BTreeMap<String, Vec<Hop>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (name, source) in &sources {
            graph.source_of.insert((*name).to_owned(), source);
            graph.steps.entry((*name).to_owned()).or_default();
        }
        for source in sources.values() {
            for join in &source.joins {
                let node = node_of(source, join);
                let Some(target) = sources.get(join.to.as_str()).filter(|_| node != source.name) else {
                    continue;
                };
                let pairs = pairs(source, join);
                if !seen.insert(identity(source, &node, join, &pairs)) {
                    continue;
                }
                let (there, back) = directions(source, target, join.relationship, &pairs);
                graph.edges.push(Edge {
                    from: &source.name,
                    to: node.clone(),
                    source: &target.name,
                    on: &join.on,
                    relationship: join.relationship,
                });
                let step = |target: &str, is_to_one| Hop {
                    target: target.to_owned(),
                    is_to_one,
                };
                graph
                    .steps
                    .entry(source.name.clone())
                    .or_default()
                    .push(step(&node, there));
                graph.source_of.entry(node.clone()).or_insert(target);
                let ways_back = match node == join.to {
                    true => graph.steps.entry(node).or_default(),
                    false => roles.entry(node).or_default(),
                };
                ways_back.push(step(&source.name, back));
            }
        }
        // From a role the joins of its source lead on.
        for (role, own) in roles {
            let mut ways = graph
                .steps
                .get(&graph.source_of[&role].name)
                .cloned()
                .unwrap_or_default();
            ways.extend(own);
            graph.steps.insert(role, ways);
        }
        graph
    }

    /// Every source and role, with the source that it reads.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &'m Source)> {
        self.source_of
            .iter()
            .map(|(node, source)| (node.as_str(), *source))
    }

    pub fn source(&self, node: &str) -> Option<&'m Source> {
        self.source_of.get(node).copied()
    }

    /// The declared joins, one for each that both sides declare.
    pub fn edges(&self) -> &[Edge<'m>] {
        &self.edges
    }

    /// Every node that a fact gets to without its rows being repeated, itself included.
    pub fn reach(&self, fact: &str) -> BTreeMap<&str, Reach> {
        let Some((fact, _)) = self.source_of.get_key_value(fact) else {
            return BTreeMap::new();
        };
        let mut cost: BTreeMap<&str, usize> = BTreeMap::from([(fact.as_str(), 0)]);
        let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut queue = VecDeque::from([fact.as_str()]);
        while let Some(node) = queue.pop_front() {
            let next = cost[node] + 1;
            for step in self
                .steps
                .get(node)
                .into_iter()
                .flatten()
                .filter(|step| step.is_to_one)
            {
                let target = step.target.as_str();
                let known = cost.get(target).copied();
                if known.is_none() {
                    cost.insert(target, next);
                    queue.push_back(target);
                }
                if known.is_none_or(|known| known == next) {
                    before.entry(target).or_default().push(node);
                }
            }
        }
        let reached = cost.iter().map(|(node, steps)| {
            let paths = paths(fact, node, &before);
            let reach = match paths.len() {
                0 | 1 => Reach::Steps(*steps),
                _ => Reach::Ambiguous(paths),
            };
            (*node, reach)
        });
        reached.collect()
    }
}

/// The shortest paths, from their ends backwards, as references name them.
fn paths(fact: &str, node: &str, before: &BTreeMap<&str, Vec<&str>>) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(node, Vec::new())];
    while let Some((node, behind)) = waiting.pop() {
        if node == fact {
            found.push(behind.iter().rev().copied().collect::<Vec<&str>>().join("."));
            if found.len() == MOST_SHOWN {
                break;
            }
            continue;
        }
        let mut longer = behind;
        longer.push(node);
        waiting.extend(before[node].iter().map(|previous| (*previous, longer.clone())));
    }
    found
}

/// The node that a join leads to: its target, or the role that it makes of it.
pub fn node_of(source: &Source, join: &Join) -> String {
    match &join.alias {
        Some(alias) if *alias != join.to || join.to == source.name => alias.clone(),
        _ => join.to.clone(),
    }
}

type Pairs = Option<Vec<(String, String)>>;

/// Pairs of a column of the source and one of the target; None for a condition that is more than equalities.
fn pairs(source: &Source, join: &Join) -> Pairs {
    let targets = [Some(join.to.as_str()), join.alias.as_deref()];
    let is_target =
        |table: Option<&str>| table != Some(&source.name) && table.is_some() && targets.contains(&table);
    let pair = |part: &str| {
        let names = EQUALITY.captures(part)?;
        let text = |group: usize| names.get(group).map(|found| found.as_str());
        let (left, right) = (text(2)?.to_owned(), text(4)?.to_owned());
        Some(match is_target(text(1)) && !is_target(text(3)) {
            true => (right, left),
            false => (left, right),
        })
    };
    AND.split(&join.on).map(pair).collect()
}

/// The same for a join that both of its sides declare.
fn identity(source: &Source, node: &str, join: &Join, pairs: &Pairs) -> BTreeSet<BTreeSet<(String, String)>> {
    let end = |node: &str, column: &str| (node.to_owned(), column.to_owned());
    match pairs {
        Some(pairs) => pairs
            .iter()
            .map(|(own, other)| BTreeSet::from([end(&source.name, own), end(node, other)]))
            .collect(),
        None => BTreeSet::from([BTreeSet::from([end(&source.name, &join.on), end(node, "")])]),
    }
}

/// Whether a join is to one, and whether its way back is. What is declared holds, unless the grains say otherwise.
fn directions(source: &Source, target: &Source, declared: Relationship, pairs: &Pairs) -> (bool, bool) {
    let pairs = pairs.as_deref().unwrap_or_default();
    match declared {
        Relationship::OneToOne => (true, true),
        Relationship::ManyToOne => by_grain(source, target, pairs.iter().map(|(own, other)| (own, other))),
        Relationship::OneToMany => {
            let (back, there) = by_grain(target, source, pairs.iter().map(|(own, other)| (other, own)));
            (there, back)
        }
    }
}

fn by_grain<'p>(
    many: &Source,
    one: &Source,
    pairs: impl Iterator<Item = (&'p String, &'p String)>,
) -> (bool, bool) {
    let (own, other): (BTreeSet<&String>, BTreeSet<&String>) = pairs.unzip();
    let grain: BTreeSet<&String> = one.grain.iter().collect();
    let is_onto_part = !other.is_empty() && other.is_subset(&grain) && other != grain && !has_no_key(one);
    let is_back_to_one = !own.is_empty() && own == many.grain.iter().collect() && !has_no_key(many);
    (!is_onto_part, is_back_to_one)
}

/// Whether the grain is all columns, which a table without a key gets: it says nothing of uniqueness.
fn has_no_key(source: &Source) -> bool {
    let mut stored = source.columns.iter().filter(|column| column.expr.is_none());
    !source.columns.is_empty() && stored.all(|column| source.grain.contains(&column.name))
}

#[cfg(test)]
mod tests {
    use super::{JoinGraph, Reach};
    use crate::semantic::{Definition, Source, validate_text};

    fn source(name: &str, joins: &str) -> Source {
        let text = format!(
            "name: {name}\ntable: {name}\ngrain: [id]\ncolumns:\n  - {{name: id, type: number}}\n  \
             - {{name: a_id, type: number}}\njoins: [{joins}]\n"
        );
        match validate_text(&text) {
            Ok(Definition::Standalone(source)) => *source,
            other => panic!("{other:?}"),
        }
    }

    fn reached(sources: &[Source], fact: &str) -> Vec<(String, Reach)> {
        let graph = JoinGraph::of(sources);
        let reached = graph.reach(fact);
        reached
            .into_iter()
            .map(|(node, reach)| (node.to_owned(), reach))
            .collect()
    }

    fn to(target: &str) -> String {
        format!("{{to: {target}, on: a_id = {target}.id, relationship: many_to_one}}")
    }

    #[test]
    fn a_fact_reaches_what_its_rows_have_one_of() {
        let sources = [
            source("a", &to("b")),
            source("b", &to("c")),
            source("c", ""),
            source("d", &to("a")),
        ];
        let steps = |pairs: &[(&str, usize)]| -> Vec<(String, Reach)> {
            pairs
                .iter()
                .map(|(node, steps)| ((*node).to_owned(), Reach::Steps(*steps)))
                .collect()
        };
        assert_eq!(
            reached(&sources, "d"),
            steps(&[("a", 1), ("b", 2), ("c", 3), ("d", 0)])
        );
        assert_eq!(
            reached(&sources, "c"),
            steps(&[("c", 0)]),
            "not against the joins"
        );
        assert_eq!(reached(&sources, "nothing"), []);
    }

    #[test]
    fn two_ways_of_the_same_length_are_both_named() {
        let sources = [
            source("a", &format!("{}, {}", to("b"), to("c"))),
            source("b", &to("z")),
            source("c", &to("z")),
            source("z", ""),
        ];
        let reached = reached(&sources, "a");
        let (_, reach) = reached.iter().find(|(node, _)| node == "z").expect("reached");
        let Reach::Ambiguous(mut paths) = reach.clone() else {
            panic!("{reach:?}")
        };
        paths.sort();
        assert_eq!(paths, ["b.z", "c.z"]);
    }

    #[test]
    fn a_role_is_a_place_of_its_own_and_leads_on() {
        let sources = [
            source(
                "a",
                "{to: b, alias: first, on: a_id = b.id, relationship: many_to_one}, {to: b, alias: last, on: id = b.id, relationship: many_to_one}",
            ),
            source("b", &to("c")),
            source("c", ""),
        ];
        let reached = reached(&sources, "a");
        let names: Vec<&str> = reached.iter().map(|(node, _)| node.as_str()).collect();
        assert_eq!(names, ["a", "c", "first", "last"]);
        let (_, reach) = &reached[1];
        let Reach::Ambiguous(mut paths) = reach.clone() else {
            panic!("{reach:?}")
        };
        paths.sort();
        assert_eq!(paths, ["first.c", "last.c"]);
    }

    #[test]
    fn a_join_that_both_sides_declare_is_one() {
        let back = "{to: a, on: id = a.a_id, relationship: one_to_many}";
        let sources = [source("a", &to("b")), source("b", back)];
        assert_eq!(JoinGraph::of(&sources).edges().len(), 1);
        assert_eq!(reached(&sources, "b").len(), 1);
    }
}
