//! `ktx sl list`: every source of every connection, or of one.

use clap::Args;
use ktx_project::ConnectionId;
use ktx_project::semantic::Entry;
use serde::Serialize;

use crate::output::{OutputArguments, OutputForm};
use crate::session::Session;
use crate::table;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only the sources of this connection
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Serialize)]
struct Listing {
    kind: &'static str,
    data: Items,
    meta: Meta,
}

#[derive(Serialize)]
struct Items {
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Meta {
    command: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    connection_id: String,
    name: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    column_count: usize,
    measure_count: usize,
    join_count: usize,
}

/// Prints the listing in the form that was asked for.
pub fn run(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let form = arguments.output.form(session)?;
    let workspace = Workspace::open(session)?;
    let mut items = Vec::new();
    for id in workspace.connections(arguments.connection_id.as_deref())? {
        let catalog = workspace.catalog(session, id)?;
        items.extend(catalog.entries.values().map(|entry| item(id, entry)));
    }
    match form {
        OutputForm::Json => session.printer.json(&Listing {
            kind: "list",
            data: Items { items },
            meta: Meta { command: "sl list" },
        }),
        OutputForm::Plain => {
            for item in items {
                session.printer.line(&format!(
                    "{}\t{}\tcolumns={}\tmeasures={}\tjoins={}",
                    item.connection_id, item.name, item.column_count, item.measure_count, item.join_count
                ));
            }
        }
        OutputForm::Pretty if items.is_empty() => {
            session.printer.talk("No semantic-layer sources yet.");
            session
                .printer
                .talk("hint: `ktx dev scan <connection>` makes them from a database");
        }
        OutputForm::Pretty => {
            let headers = [
                "Connection",
                "Source",
                "Columns",
                "Measures",
                "Joins",
                "Description",
            ];
            let rows: Vec<Vec<String>> = items.into_iter().map(Item::cells).collect();
            session
                .printer
                .line(&table::render(&headers.map(str::to_owned), &rows));
        }
    }
    Ok(())
}

fn item(connection: &ConnectionId, entry: &Entry) -> Item {
    Item {
        connection_id: connection.to_string(),
        name: entry.source.name.clone(),
        path: entry.path.clone(),
        description: entry.source.summary().map(str::to_owned),
        column_count: entry.source.columns.len(),
        measure_count: entry.source.measures.len(),
        join_count: entry.source.joins.len(),
    }
}

impl Item {
    fn cells(self) -> Vec<String> {
        let counts = [self.column_count, self.measure_count, self.join_count].map(|count| count.to_string());
        let [columns, measures, joins] = counts;
        vec![
            self.connection_id,
            self.name,
            columns,
            measures,
            joins,
            self.description.unwrap_or_default(),
        ]
    }
}
