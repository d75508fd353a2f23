//! Rows as a table that fits the terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use console::measure_text_width;

/// A terminal that reports fewer columns than this does not know its width.
const NARROWEST: u16 = 20;

/// The longest word that is kept whole where there is no room for it.
const LONGEST_WORD: usize = 24;
/// A blank on both sides of a cell.
const PADDING: usize = 2;

/// Widths adapt to the terminal, as long as no word has to be broken; a pipe gets lines as long as they need to be.
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
    for (index, header) in headers.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(index));
        let words = cells.chain([header]).flat_map(|cell| cell.split_whitespace());
        let longest = words.map(measure_text_width).max().unwrap_or_default();
        let width = u16::try_from(longest.min(LONGEST_WORD) + PADDING).unwrap_or(u16::MAX);
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
    }
    table.to_string()
}
