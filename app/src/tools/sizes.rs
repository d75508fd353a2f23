//! How much of a result one answer holds: pages of a list, the first rows, a piece of a text. A model reads every byte.

use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;

/// A page of a list, in bytes of JSON: 500 sources are about five pages.
pub const PAGE_BYTES: usize = 20_000;
/// Rows, units and warnings of one answer, in bytes of JSON.
pub const LIST_BYTES: usize = 100_000;
/// A piece of a file, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 60_000;

/// Some of a list, and the cursor of those that follow.
#[derive(Debug, PartialEq, Eq)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Piece {
    pub content: String,
    /// There is more of it.
    pub truncated: bool,
    /// Where the rest begins, to pass as `offset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<usize>,
}

/// The page that begins at the cursor. A cursor is the number of items before it.
///
/// # Errors
/// On a cursor that no page had.
pub fn page<T: Serialize>(items: Vec<T>, cursor: Option<&str>) -> Result<ListPage<T>, Error> {
    let total = items.len();
    let start = match cursor {
        None => 0,
        Some(text) => text.parse().ok().filter(|start| *start < total).ok_or_else(|| {
            Error::hinted(
                format!("failed to read the cursor `{text}`: it is not one that this list returned"),
                "pass the `nextCursor` of the page before, or leave it out to begin again",
            )
        })?,
    };
    let mut rest: Vec<T> = items.into_iter().skip(start).collect();
    let next_cursor = cut(&mut rest, PAGE_BYTES, 1).then(|| (start + rest.len()).to_string());
    Ok(ListPage {
        items: rest,
        next_cursor,
    })
}

/// Drops the last items of a list that is too long. True when it did.
pub fn fit<T: Serialize>(items: &mut Vec<T>) -> bool {
    cut(items, LIST_BYTES, 0)
}

fn cut<T: Serialize>(items: &mut Vec<T>, bytes: usize, least: usize) -> bool {
    let mut used = 0;
    let kept = items.iter().take_while(|item| {
        used += serde_json::to_string(item).map_or(0, |text| text.len() + 1);
        used <= bytes
    });
    let kept = kept.count().max(least);
    let cut = kept < items.len();
    items.truncate(kept);
    cut
}

/// The piece of a text from a byte on. An offset inside a letter begins at that letter.
pub fn piece(text: &str, offset: usize) -> Piece {
    let start = text.floor_char_boundary(offset);
    let end = text.floor_char_boundary(start.saturating_add(TEXT_BYTES));
    let truncated = end < text.len();
    Piece {
        content: text[start..end].to_owned(),
        truncated,
        next_offset: truncated.then_some(end),
    }
}

#[cfg(test)]
mod tests {
    use super::{LIST_BYTES, PAGE_BYTES, TEXT_BYTES, fit, page, piece};

    #[test]
    fn pages_cover_a_list_once_and_each_is_small() {
        for length in [0, 1, 50, 4_000] {
            let list: Vec<String> = (0..length)
                .map(|number| format!("source number {number}"))
                .collect();
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = page(list.clone(), cursor.as_deref()).expect("a page");
                assert!(serde_json::to_string(&page.items).expect("json").len() <= PAGE_BYTES + 2);
                seen.extend(page.items);
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, list);
        }
    }

    #[test]
    fn an_item_that_is_larger_than_a_page_is_a_page() {
        let large = "x".repeat(PAGE_BYTES * 2);
        let first = page(vec![large.clone(), large.clone()], None).expect("a page");
        assert_eq!(first.items.len(), 1);
        assert_eq!(first.next_cursor.as_deref(), Some("1"));
    }

    #[test]
    fn a_cursor_that_no_page_had_is_refused() {
        for cursor in ["", "x", "-1", "3", "99999999999999999999"] {
            let error = page(vec![1, 2, 3], Some(cursor)).expect_err("refused");
            assert!(error.to_string().contains(&format!("`{cursor}`")), "{error}");
        }
    }

    #[test]
    fn a_long_list_is_cut_and_a_short_one_is_not() {
        let mut short = vec!["row"; 10];
        assert!(!fit(&mut short));
        assert_eq!(short.len(), 10);
        let mut long = vec!["x".repeat(1_000); 1_000];
        assert!(fit(&mut long));
        assert!(serde_json::to_string(&long).expect("json").len() <= LIST_BYTES + 2);
    }

    #[test]
    fn pieces_of_a_text_are_the_text() {
        for text in ["", "short", &"größe ".repeat(30_000)] {
            let (mut whole, mut offset) = (String::new(), Some(0));
            while let Some(start) = offset {
                let piece = piece(text, start);
                assert!(piece.content.len() <= TEXT_BYTES);
                assert_eq!(piece.truncated, piece.next_offset.is_some());
                whole += &piece.content;
                offset = piece.next_offset;
            }
            assert_eq!(whole, text);
        }
        assert_eq!(piece("ab", 9).content, "");
    }
}
