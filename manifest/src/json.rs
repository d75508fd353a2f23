//! The one form in which this project writes JSON files: two blanks of indentation, a newline at the end.

use serde::Serialize;

/// The text of a value. Panics only for types that cannot be JSON, such as maps without text keys, of which the
/// formats here have none.
pub fn to_text(value: &impl Serialize) -> String {
    #[expect(
        clippy::expect_used,
        reason = "the formats are plain structs; serde_json fails on none of them"
    )]
    let mut text = serde_json::to_string_pretty(value).expect("a manifest is plain JSON");
    text.push('\n');
    text
}
