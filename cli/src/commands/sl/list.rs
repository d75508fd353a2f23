//! `ktx sl list`: every source of every connection, or of one.

use clap::Args;
use ktx_project::ConnectionId;
use ktx_project::search::{Hit, Lane};
use ktx_project::semantic::CatalogEntry;
use serde::Serialize;

use crate::output::{Listing, OutputArguments, OutputForm};
use crate::session::Session;
use crate::table;
use ktx_app::Workspace;
use ktx_app::tools::sources;

#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only the sources of this connection
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// Only what matches these words, best first, with the reason
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_reasons: Option<Vec<Lane>>,
}

/// Prints the listing in the requested form.
pub fn run(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let form = arguments.output.form(session)?;
    let workspace = Workspace::open(&session.app)?;
    let mut entries = Vec::new();
    for id in workspace.connections(arguments.connection_id.as_deref())? {
        let catalog = workspace.catalog(&session.app, id)?;
        entries.extend(catalog.entries.into_values().map(|entry| (id.clone(), entry)));
    }
    let items: Vec<Item> = match &arguments.query {
        None => entries.iter().map(|(id, entry)| item(id, entry, None)).collect(),
        Some(query) => {
            let hits = sources::search(&session.app, &workspace, &entries, query)?;
            let found = |hit: Hit| item(&entries[hit.document].0, &entries[hit.document].1, Some(hit));
            hits.into_iter().map(found).collect()
        }
    };
    if let (true, Some(query)) = (items.is_empty(), &arguments.query) {
        session
            .printer
            .diagnostic(&format!("No source matches `{query}`."));
    }
    match form {
        OutputForm::Json => session.printer.json(&Listing::new("sl list", &items)),
        OutputForm::Plain => {
            for item in items {
                session.printer.line(&item.fields());
            }
        }
        OutputForm::Pretty if items.is_empty() && arguments.query.is_some() => {}
        OutputForm::Pretty if items.is_empty() => {
            session.printer.diagnostic("No semantic-layer sources yet.");
            session
                .printer
                .diagnostic("hint: `ktx dev scan <connection>` makes them from a database");
        }
        OutputForm::Pretty => {
            let mut headers = vec!["Connection", "Source", "Columns", "Measures", "Joins"];
            headers.extend(arguments.query.is_some().then_some("Matched by"));
            headers.push("Description");
            let headers: Vec<String> = headers.into_iter().map(str::to_owned).collect();
            let rows: Vec<Vec<String>> = items.into_iter().map(Item::cells).collect();
            session.printer.line(&table::render(&headers, &rows));
        }
    }
    Ok(())
}

fn item(connection: &ConnectionId, entry: &CatalogEntry, hit: Option<Hit>) -> Item {
    Item {
        connection_id: connection.to_string(),
        name: entry.source.name.clone(),
        path: entry.path.clone(),
        description: entry.source.summary().map(str::to_owned),
        column_count: entry.source.columns.len(),
        measure_count: entry.source.measures.len(),
        join_count: entry.source.joins.len(),
        score: hit.as_ref().map(|hit| hit.score),
        match_reasons: hit.map(|hit| hit.lanes.iter().map(|lane| lane.lane).collect()),
    }
}

impl Item {
    fn fields(&self) -> String {
        let mut fields = format!(
            "{}\t{}\tcolumns={}\tmeasures={}\tjoins={}",
            self.connection_id, self.name, self.column_count, self.measure_count, self.join_count
        );
        if let Some(reasons) = self.reasons() {
            fields.push_str(&format!("\tmatch={reasons}"));
        }
        fields
    }

    fn reasons(&self) -> Option<String> {
        let lanes = self.match_reasons.as_ref()?;
        Some(
            lanes
                .iter()
                .map(|lane| lane.as_str())
                .collect::<Vec<_>>()
                .join(","),
        )
    }

    fn cells(self) -> Vec<String> {
        let counts = [self.column_count, self.measure_count, self.join_count].map(|count| count.to_string());
        let reasons = self.reasons();
        let mut cells = vec![self.connection_id, self.name];
        cells.extend(counts);
        cells.extend(reasons);
        cells.push(self.description.unwrap_or_default());
        cells
    }
}
