//! `ktx wiki list`: every page, those for everyone and the user's own.

use clap::Args;
use ktx_app::Workspace;
use ktx_app::tools::wiki::{self, PageItem};

use super::UserArguments;
use crate::output::{Listing, OutputArguments, OutputForm};
use crate::session::Session;
use crate::table;

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Prints the listing in the requested form.
pub fn run(arguments: &ListArguments, session: &Session) -> anyhow::Result<()> {
    let form = arguments.output.form(session)?;
    let workspace = Workspace::open(&session.app)?;
    let pages = wiki::pages(&session.app, &workspace, &arguments.user.user_id)?;
    let items: Vec<PageItem> = pages.iter().map(wiki::item).collect();
    if items.is_empty() {
        session.printer.diagnostic("No wiki pages yet.");
        session
            .printer
            .diagnostic("hint: `ktx wiki write <key> --summary <line> --content <text>` writes one");
    }
    print(session, form, "wiki list", &items);
    Ok(())
}

/// Pages as JSON, as lines with tabs, or as a table.
pub fn print(session: &Session, form: OutputForm, command: &'static str, items: &[PageItem]) {
    match form {
        OutputForm::Json => session.printer.json(&Listing::new(command, items)),
        OutputForm::Plain => {
            for item in items {
                session.printer.line(&cells(item).join("\t"));
            }
        }
        OutputForm::Pretty if items.is_empty() => {}
        OutputForm::Pretty => {
            let mut headers = vec!["Page", "For", "Summary"];
            headers.extend(
                items
                    .iter()
                    .any(|item| item.match_reasons.is_some())
                    .then_some("Matched by"),
            );
            let headers: Vec<String> = headers.into_iter().map(str::to_owned).collect();
            let rows: Vec<Vec<String>> = items.iter().map(cells).collect();
            session.printer.line(&table::render(&headers, &rows));
        }
    }
}

fn cells(item: &PageItem) -> Vec<String> {
    let mut cells = vec![item.key.clone(), item.scope.to_owned(), item.summary.clone()];
    if let Some(lanes) = &item.match_reasons {
        cells.push(
            lanes
                .iter()
                .map(|lane| lane.as_str())
                .collect::<Vec<_>>()
                .join(","),
        );
    }
    cells
}
