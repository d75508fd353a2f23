//! What a `sql_table_name` names: catalog, schema and table, or why it names none.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::service::{Call, PortError, Service};
use crate::http::Caller;

const PARSE: Call = Call {
    caller: Caller::Daemon,
    path: "/sql/parse-table-identifier",
    subcommand: "sql-parse-table-identifier",
};

/// One text to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentifierItem {
    pub key: String,
    pub sql_table_name: String,
    pub dialect: String,
}

/// What it names, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ParsedIdentifier {
    #[serde(rename_all = "camelCase")]
    Table {
        ok: bool,
        catalog: Option<String>,
        schema: Option<String>,
        name: String,
        canonical_table: String,
    },
    Refused {
        ok: bool,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

impl ParsedIdentifier {
    /// A text that names no table.
    pub fn refused(reason: &str, detail: Option<&str>) -> ParsedIdentifier {
        ParsedIdentifier::Refused {
            ok: false,
            reason: reason.to_owned(),
            detail: detail.map(str::to_owned),
        }
    }
}

/// Reads all items in one request. An item whose answer is nonsense costs that item.
///
/// # Errors
/// When there is no answer, or it has no results.
pub fn parse_table_identifiers(
    service: &Service,
    items: &[IdentifierItem],
) -> Result<BTreeMap<String, ParsedIdentifier>, PortError> {
    if items.is_empty() {
        return Ok(BTreeMap::new());
    }
    let answer = service.call(PARSE, &json!({"items": items}))?;
    let Some(Value::Object(results)) = answer.get("results") else {
        return Err(PortError::Answer(
            "ktx-daemon table identifier parser returned invalid results".to_owned(),
        ));
    };
    Ok(items
        .iter()
        .map(|item| (item.key.clone(), project(results.get(&item.key))))
        .collect())
}

fn project(row: Option<&Value>) -> ParsedIdentifier {
    let Some(row) = row else {
        return ParsedIdentifier::refused(
            "parse_error",
            Some("Python parser response was missing this key."),
        );
    };
    let text = |field: &str| {
        row.get(field)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    if row.get("ok") != Some(&Value::Bool(true)) {
        let reason = text("reason").unwrap_or_else(|| "parse_error".to_owned());
        return ParsedIdentifier::Refused {
            ok: false,
            reason,
            detail: text("detail"),
        };
    }
    match (text("name"), text("canonical_table")) {
        (Some(name), Some(canonical_table)) => ParsedIdentifier::Table {
            ok: true,
            catalog: text("catalog"),
            schema: text("schema"),
            name,
            canonical_table,
        },
        _ => ParsedIdentifier::refused(
            "parse_error",
            Some("Python parser returned an invalid success row without name or canonical_table."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::project;

    #[test]
    fn a_row_is_a_table_only_with_its_names() {
        for (row, expected) in [
            (
                Some(
                    json!({"ok": true, "catalog": null, "schema": "s", "name": "t", "canonical_table": "s.t"}),
                ),
                json!({"ok": true, "catalog": null, "schema": "s", "name": "t", "canonicalTable": "s.t"}),
            ),
            (
                Some(json!({"ok": true, "name": "", "canonical_table": "x"})),
                json!({"ok": false, "reason": "parse_error",
                    "detail": "Python parser returned an invalid success row without name or canonical_table."}),
            ),
            (
                Some(json!({"ok": false, "reason": "derived_table_not_supported"})),
                json!({"ok": false, "reason": "derived_table_not_supported"}),
            ),
            (
                Some(json!("nonsense")),
                json!({"ok": false, "reason": "parse_error"}),
            ),
            (
                None,
                json!({"ok": false, "reason": "parse_error", "detail": "Python parser response was missing this key."}),
            ),
        ] {
            assert_eq!(
                serde_json::to_value(project(row.as_ref())).expect("json"),
                expected
            );
        }
    }
}
