//! One page: front matter between two lines of `---`, then Markdown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::yaml::{self, Fields, Finding, Node, Position};

const FENCE: &str = "---";

/// The keys that this program reads; others are kept as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontMatter {
    /// One line, for lists and search
    #[serde(default)]
    pub summary: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Keys of other pages
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// What the page speaks of: `source`, `source.member`, or either behind `connection/`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sl_refs: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_mode: Option<String>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub front: FrontMatter,
    pub content: String,
}

impl Page {
    /// A page without front matter has the first line of its text as summary.
    ///
    /// # Errors
    /// With every mistake in the front matter, and its line in the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Finding>> {
        let text = text
            .strip_prefix('\u{feff}')
            .unwrap_or(text)
            .replace("\r\n", "\n");
        let Some(rest) = text.strip_prefix("---\n") else {
            let first = text.lines().map(|line| line.trim_start_matches('#').trim());
            let summary = first
                .into_iter()
                .find(|line| !line.is_empty())
                .unwrap_or_default()
                .to_owned();
            return Ok(Self {
                front: FrontMatter {
                    summary,
                    ..FrontMatter::default()
                },
                content: text.trim().to_owned(),
            });
        };
        let end = rest.lines().scan(0, |offset, line| {
            let start = *offset;
            *offset += line.len() + 1;
            Some((start, line))
        });
        let Some(end) = end
            .into_iter()
            .find(|(_, line)| line.trim_end() == FENCE)
            .map(|(start, _)| start)
        else {
            let place = Position { line: 1, column: 1 };
            return Err(vec![Finding::new(
                "<root>",
                "the front matter has no end: a line of `---`",
                place,
            )]);
        };
        let content = rest[end..].split_once('\n').map_or("", |(_, content)| content);
        let node = yaml::parse(&rest[..end]).map_err(|error| {
            let place = error.place.unwrap_or(Position { line: 1, column: 1 });
            vec![moved(Finding::new("<root>", error.reason, place))]
        })?;
        Ok(Self {
            front: read(&node).map_err(|findings| findings.into_iter().map(moved).collect::<Vec<_>>())?,
            content: content.trim().to_owned(),
        })
    }

    /// As it is written to its file.
    pub fn to_text(&self) -> String {
        let front = yaml::to_text(&self.front);
        format!("{FENCE}\n{front}{FENCE}\n\n{}\n", self.content.trim())
    }
}

/// The front matter begins on the second line of its file.
fn moved(mut finding: Finding) -> Finding {
    finding.place.line += 1;
    finding
}

fn read(node: &Node) -> Result<FrontMatter, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut front = FrontMatter::default();
    if let Some(mut fields) = Fields::open(node, "", &mut findings) {
        front.summary = fields.text("summary").unwrap_or_default();
        front.tags = fields.texts("tags");
        front.refs = fields.texts("refs");
        front.sl_refs = fields.texts("sl_refs");
        front.usage_mode = fields.text("usage_mode");
    }
    if let Value::Object(entries) = node.to_json() {
        let read = ["summary", "tags", "refs", "sl_refs", "usage_mode"];
        front.others = entries
            .into_iter()
            .filter(|(key, _)| !read.contains(&key.as_str()))
            .collect();
    }
    match findings.is_empty() {
        true => Ok(front),
        false => Err(findings),
    }
}

#[cfg(test)]
mod tests {
    use super::{FrontMatter, Page};

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let page = Page {
            front: FrontMatter {
                summary: "What \"ARR\" means: yes, --- too".to_owned(),
                tags: vec!["on".to_owned(), "finance".to_owned()],
                sl_refs: vec!["contracts.total_arr".to_owned()],
                others: serde_json::from_str(r#"{"intent": "define", "usage": {"n": 3}}"#).expect("json"),
                ..FrontMatter::default()
            },
            content: "# ARR\n\nRevenue of a year.\n---\nnot the end".to_owned(),
        };
        let text = page.to_text();
        assert_eq!(Page::parse(&text).expect("a page"), page);
        assert_eq!(Page::parse(&text.replace('\n', "\r\n")).expect("a page"), page);
    }

    #[test]
    fn a_page_without_front_matter_is_a_page() {
        let page = Page::parse("\n# Fiscal year\n\nBegins in February.").expect("a page");
        assert_eq!(page.front.summary, "Fiscal year");
        assert_eq!(page.content, "# Fiscal year\n\nBegins in February.");
        assert_eq!(Page::parse("").expect("a page"), Page::default());
    }

    #[test]
    fn mistakes_have_their_line_in_the_file() {
        for (text, line) in [
            ("---\nsummary: x\n", 1),
            ("---\nsummary: x\ntags: 3\n---\ny", 3),
            ("---\nsummary: [\n---\ny", 2),
            ("---\n- a\n---\n", 2),
        ] {
            let findings = Page::parse(text).expect_err("refused");
            assert!(findings[0].place.line >= line, "{text}: {findings:?}");
        }
    }
}
