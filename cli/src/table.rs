//! Rows as a table that fits the terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};

/// A terminal that reports fewer columns than this does not know its width.
const NARROWEST: u16 = 20;

/// Widths adapt to the terminal; a pipe gets lines as long as they need to be.
pub fn render(headers: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    if table.width().is_none_or(|width| width >= NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(headers);
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}
