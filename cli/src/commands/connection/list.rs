//! `ktx connection list`: the connections in ktx.yaml.

use clap::Args;

use crate::output::{OutputArguments, OutputForm};
use crate::session::Session;
use crate::table;
use ktx_app::Workspace;
use ktx_app::tools::connections;

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Prints the connections; nothing is opened.
pub fn run(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let form = arguments.output.form(session)?;
    let workspace = Workspace::open(&session.app)?;
    let listing = connections::list(&workspace);
    match form {
        OutputForm::Json => session.printer.json(&listing),
        OutputForm::Plain => {
            for connection in listing.connections {
                session
                    .printer
                    .line(&format!("{}\t{}", connection.id, connection.connection_type));
            }
        }
        OutputForm::Pretty if listing.connections.is_empty() => {
            session.printer.diagnostic("No connections yet.");
            session
                .printer
                .diagnostic("hint: add one under `connections:` in ktx.yaml");
        }
        OutputForm::Pretty => {
            let rows: Vec<Vec<String>> = listing
                .connections
                .into_iter()
                .map(|c| vec![c.id, c.connection_type])
                .collect();
            session.printer.line(&table::render(
                &["Connection".to_owned(), "Type".to_owned()],
                &rows,
            ));
        }
    }
    Ok(())
}
