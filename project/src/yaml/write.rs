//! Serialising: one place for the style, so that a rescan that changes nothing writes the same bytes.

use serde::Serialize;

/// Block style, two blanks, lists indented under their key.
pub fn to_text<T: Serialize>(value: &T) -> String {
    let options = serde_saphyr::ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(value, options)
        .expect("our own types have text keys and finite numbers, which YAML can always hold")
}
