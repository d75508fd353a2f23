//! One page with the model in it: a list to search, and each source with what it joins and what joins it.

use super::Model;

const PAGE: &str = include_str!("page.html");

pub fn drawn(model: &Model) -> String {
    // Inside a script `<` could end it; JSON has another way to write it.
    let json = serde_json::to_string(model)
        .unwrap_or_default()
        .replace('<', "\\u003c");
    PAGE.replace("\"MODEL\"", &json)
}
