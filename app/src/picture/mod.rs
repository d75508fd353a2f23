//! A picture of the model: sources with their keys, joins with their cardinality and roles, and where a path is not
//! unique. As Mermaid and Graphviz texts, and as one HTML file that needs nothing else.

mod docs;
mod dot;
mod html;
mod lineage;
mod mermaid;
mod written;

use std::collections::BTreeSet;

use ktx_project::ConnectionId;
use ktx_project::semantic::{Catalog, JoinGraph, Reach, Relationship, Source, best_description};
use serde::Serialize;

use crate::tools::dimensions::is_shown;
use crate::{App, Error, Workspace};

pub use docs::write as write_docs;

/// The forms of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Mermaid,
    Dot,
    Html,
}

#[derive(Debug, Default, Serialize)]
pub struct Model {
    pub project: String,
    pub sources: Vec<SourceNode>,
    pub joins: Vec<Arrow>,
    pub ambiguous: Vec<Ambiguity>,
}

/// A source. Its id is `<connection>/<name>`.
#[derive(Debug, Serialize)]
pub struct SourceNode {
    pub id: String,
    pub name: String,
    pub connection: String,
    pub description: String,
    /// The table, or nothing for SQL.
    pub table: String,
    pub sql: String,
    pub grain: Vec<String>,
    pub columns: Vec<Member>,
    pub measures: Vec<Member>,
    pub segments: Vec<Member>,
}

#[derive(Debug, Serialize)]
pub struct Member {
    pub name: String,
    /// The type of a column, the expression of anything else.
    pub what: String,
    pub description: String,
    /// Of a measure.
    #[serde(skip)]
    pub reads: Vec<Read>,
}

/// A column that a measure reads, or the rows of a source.
#[derive(Debug)]
pub struct Read {
    /// The id of the source that has it.
    pub source: String,
    /// Such as `orders.amount`, by the name of the table.
    pub place: String,
}

/// A join, from the source that declares it.
#[derive(Debug, Serialize)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    /// What the joined source is called here, when not by its own name.
    pub role: String,
    pub on: String,
    #[serde(serialize_with = "cardinality")]
    pub relationship: Relationship,
    /// A shortest path that is not the only one takes it.
    pub ambiguous: bool,
}

/// A place that a fact reaches in several equally short ways.
#[derive(Debug, Serialize)]
pub struct Ambiguity {
    pub fact: String,
    pub place: String,
    pub paths: Vec<String>,
}

fn cardinality<S: serde::Serializer>(relationship: &Relationship, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match relationship {
        Relationship::ManyToOne => "n:1",
        Relationship::OneToMany => "1:n",
        Relationship::OneToOne => "1:1",
    })
}

impl Model {
    /// The sources of all connections, or of one.
    pub fn of(app: &App, workspace: &Workspace, connection: Option<&str>) -> Result<Self, Error> {
        let mut model = Self {
            project: workspace.config.project.clone(),
            ..Self::default()
        };
        for id in workspace.connections(connection)? {
            model.add(id, &workspace.catalog(app, id)?);
        }
        Ok(model)
    }

    fn add(&mut self, connection: &ConnectionId, catalog: &Catalog) {
        let sources = || catalog.entries.values().map(|entry| &entry.source);
        let graph = JoinGraph::of(sources());
        let id = |name: &str| format!("{connection}/{name}");
        let mut unsure: BTreeSet<(String, String)> = BTreeSet::new();
        for source in sources() {
            for (place, reach) in graph.reach(&source.name) {
                let Reach::Ambiguous(paths) = reach else { continue };
                for path in &paths {
                    let steps: Vec<&str> = std::iter::once(source.name.as_str())
                        .chain(path.split('.'))
                        .collect();
                    let pairs = steps.windows(2).filter_map(|pair| match pair {
                        [from, to] => Some((graph.source(from)?.name.clone(), (*to).to_owned())),
                        _ => None,
                    });
                    unsure.extend(pairs);
                }
                self.ambiguous.push(Ambiguity {
                    fact: id(&source.name),
                    place: place.to_owned(),
                    paths,
                });
            }
            self.sources.push(SourceNode::of(connection, catalog, source));
        }
        self.joins.extend(graph.edges().iter().map(|edge| {
            let way = |from: &str, to: &str| unsure.contains(&(from.to_owned(), to.to_owned()));
            Arrow {
                from: id(edge.from),
                to: id(edge.source),
                role: if edge.to == edge.source {
                    String::new()
                } else {
                    edge.to.clone()
                },
                on: edge.on.to_owned(),
                relationship: edge.relationship,
                ambiguous: way(edge.from, &edge.to) || way(edge.source, edge.from),
            }
        }));
    }

    /// The picture in one form.
    pub fn drawn(&self, form: Form) -> String {
        match form {
            Form::Mermaid => mermaid::drawn(self),
            Form::Dot => dot::drawn(self),
            Form::Html => html::drawn(self),
        }
    }
}

impl SourceNode {
    fn of(connection: &ConnectionId, catalog: &Catalog, source: &Source) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let column = |column: &ktx_project::semantic::Column| Member {
            name: column.name.clone(),
            what: column.kind.as_str().to_owned(),
            description: text(best_description(
                column.description.as_deref(),
                &column.descriptions,
            )),
            reads: Vec::new(),
        };
        let measures = source.measures.iter().map(|measure| Member {
            name: measure.name.clone(),
            what: match &measure.filter {
                Some(filter) => format!("{} where {filter}", measure.expr),
                None => measure.expr.clone(),
            },
            description: text(measure.description.as_deref()),
            reads: lineage::of(catalog, source, measure)
                .into_iter()
                .map(|origin| Read::of(connection, &origin))
                .collect(),
        });
        let segments = source.segments.iter().map(|segment| Member {
            name: segment.name.clone(),
            what: segment.expr.clone(),
            description: text(segment.description.as_deref()),
            reads: Vec::new(),
        });
        Self {
            id: format!("{connection}/{}", source.name),
            name: source.name.clone(),
            connection: connection.to_string(),
            description: text(source.summary()),
            table: text(source.table.as_deref()),
            sql: text(source.sql.as_deref()),
            grain: source.grain.clone(),
            columns: source
                .columns
                .iter()
                .filter(|column| is_shown(column))
                .map(column)
                .collect(),
            measures: measures.collect(),
            segments: segments.collect(),
        }
    }
}

impl Read {
    fn of(connection: &ConnectionId, origin: &lineage::ColumnOrigin<'_>) -> Self {
        let place = match origin.table {
            "" => format!("{} (SQL)", origin.source),
            table => table.to_owned(),
        };
        Self {
            source: format!("{connection}/{}", origin.source),
            place: match origin.column {
                "" => format!("rows of {place}"),
                column => format!("{place}.{column}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use ktx_project::semantic::Relationship;

    use super::{Ambiguity, Arrow, Form, Member, Model, SourceNode};

    /// A model with names that each form has to quote.
    fn model() -> Model {
        let node = |name: &str| SourceNode {
            id: format!("wh/{name}"),
            name: name.to_owned(),
            connection: "wh".to_owned(),
            description: "</script><b>\"quoted\"".to_owned(),
            table: name.to_owned(),
            sql: String::new(),
            grain: vec!["id".to_owned()],
            columns: vec![Member {
                name: "id".to_owned(),
                what: "number".to_owned(),
                description: String::new(),
                reads: Vec::new(),
            }],
            measures: Vec::new(),
            segments: Vec::new(),
        };
        Model {
            project: "shop".to_owned(),
            sources: vec![node("orders"), node("big \"customers\"")],
            joins: vec![Arrow {
                from: "wh/orders".to_owned(),
                to: "wh/big \"customers\"".to_owned(),
                role: "buyer".to_owned(),
                on: "buyer_id = \"big customers\".id".to_owned(),
                relationship: Relationship::ManyToOne,
                ambiguous: true,
            }],
            ambiguous: vec![Ambiguity {
                fact: "wh/orders".to_owned(),
                place: "regions".to_owned(),
                paths: vec!["buyer.regions".to_owned(), "shop.regions".to_owned()],
            }],
        }
    }

    #[test]
    fn mermaid_has_keys_cardinality_roles_and_what_is_ambiguous() {
        let text = model().drawn(Form::Mermaid);
        assert_eq!(
            text,
            "erDiagram\n  \"orders\" {\n    number id PK\n  }\n  \"big 'customers'\" {\n    number id PK\n  }\n  \
             \"orders\" }o--|| \"big 'customers'\" : \"buyer: buyer_id = 'big customers'.id (ambiguous)\"\n\
             %% ambiguous: orders to regions by buyer.regions or shop.regions\n"
        );
    }

    #[test]
    fn dot_quotes_every_name() {
        let text = model().drawn(Form::Dot);
        assert!(text.starts_with("digraph \"shop\" {\n"), "{text}");
        assert!(text.contains("\"wh/big \\\"customers\\\"\""), "{text}");
        assert!(text.contains("color=red"), "{text}");
        assert!(text.ends_with("}\n"), "{text}");
    }

    #[test]
    fn html_holds_the_model_and_no_text_of_it_ends_the_script() {
        let text = model().drawn(Form::Html);
        assert_eq!(text.matches("</script>").count(), 1, "only the page's own");
        assert!(
            !text.contains("http://") || text.contains("www.w3.org"),
            "nothing is fetched"
        );
        assert!(text.contains("buyer.regions"), "{text}");
    }
}
