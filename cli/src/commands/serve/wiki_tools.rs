//! The tools over the wiki.

use ktx_app::Error;
use ktx_app::tools::sizes;
use ktx_app::tools::wiki::{self, NewPage, PageHits, PageText};
use rmcp::handler::server::router::tool::ToolRoute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::Server;
use super::tool::{Effect, tool};

const MOST_PAGES: usize = 50;
const PAGES: usize = 10;

#[derive(Deserialize, JsonSchema)]
struct Search {
    /// What to search for, in words
    query: String,
    /// The maximum number of pages, 1 to 50 [default: 10]
    limit: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
struct OfPage {
    /// As returned by knowledge_search
    key: String,
    /// The byte of the content to begin at, for the rest of a long page [default: 0]
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PagePiece {
    #[serde(flatten)]
    page: PageText,
    /// There is more content
    truncated: bool,
    /// Where the rest begins, to pass as `offset`
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
}

pub fn tools() -> Vec<ToolRoute<Server>> {
    vec![
        tool(
            "knowledge_search",
            Effect::Reads,
            "Search the wiki: what people know about the data and no schema says, such as definitions, exceptions and how a number is agreed to be computed",
            |tools, input: Search| -> Result<PageHits, Error> {
                let limit = input.limit.unwrap_or(PAGES);
                if !(1..=MOST_PAGES).contains(&limit) {
                    return Err(Error::refused(format!(
                        "limit must be from 1 to {MOST_PAGES}, not {limit}"
                    )));
                }
                let workspace = tools.workspace()?;
                wiki::search(&tools.app, &workspace, &tools.settings.user, &input.query, limit)
            },
        ),
        tool(
            "knowledge_read",
            Effect::Reads,
            "Read a page of the wiki. `sl_refs` names the sources and measures that it speaks of; pass its `revision` to knowledge_write when you change it",
            |tools, input: OfPage| -> Result<PagePiece, Error> {
                let mut page = wiki::read(&tools.workspace()?, &tools.settings.user, &input.key)?;
                let piece = sizes::piece(&page.content, input.offset);
                page.content = piece.content;
                Ok(PagePiece {
                    page,
                    truncated: piece.truncated,
                    next_offset: piece.next_offset,
                })
            },
        ),
        tool(
            "knowledge_write",
            Effect::Replaces,
            "Write a page of the wiki as Markdown, with a summary of one line. The content replaces that of a page that exists; front matter that is not given stays. sl_refs must name sources or members that the semantic layer has",
            |tools, input: NewPage| wiki::write(&tools.workspace()?, &tools.settings.user, input),
        ),
    ]
}
