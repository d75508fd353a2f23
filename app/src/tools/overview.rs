//! A model on one page: what a reader should know of it before the first question.

use std::fmt::Write as _;

use ktx_project::semantic::Source;

use super::dimensions::is_shown;
use crate::{App, Error, Workspace};

/// Bytes of the page; sources that do not fit are counted.
const LARGEST: usize = 40_000;

/// Every source with its measures, segments, joins and the names of its columns, as Markdown.
pub fn overview(app: &App, workspace: &Workspace) -> Result<String, Error> {
    let mut text = format!("# {}\n", workspace.config.project);
    let mut left_out = 0;
    for (id, connection) in &workspace.config.connections {
        text += &format!("\n## {id} ({})\n", connection.driver.as_str());
        for entry in workspace.catalog(app, id)?.entries.values() {
            let section = section(&entry.source);
            match text.len() + section.len() <= LARGEST {
                true => text += &section,
                false => left_out += 1,
            }
        }
    }
    if left_out > 0 {
        text += &format!("\n{left_out} more sources: sl_list_sources lists them.\n");
    }
    Ok(text)
}

fn section(source: &Source) -> String {
    let mut text = format!("\n### {}\n", source.name);
    if let Some(summary) = source.summary() {
        text += &format!("{summary}\n");
    }
    let columns = source.columns.iter().filter(|column| is_shown(column));
    list(&mut text, "columns", columns.map(|column| column.name.clone()));
    list(
        &mut text,
        "measures",
        source.measures.iter().map(|measure| measure.name.clone()),
    );
    list(
        &mut text,
        "segments",
        source.segments.iter().map(|segment| segment.name.clone()),
    );
    let joins = source.joins.iter().map(|join| match &join.alias {
        Some(alias) => format!("{} as {alias}", join.to),
        None => join.to.clone(),
    });
    list(&mut text, "joins", joins);
    text
}

fn list(text: &mut String, what: &str, names: impl Iterator<Item = String>) {
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- {what}: {}", names.join(", "));
    }
}
