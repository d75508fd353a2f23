//! The tables of a database.

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::place::DatabasePlace;
use super::service::{Call, PortError, Service};
use crate::http::Caller;

const INTROSPECT: Call = Call {
    caller: Caller::Daemon,
    path: "/database/introspect",
    subcommand: "database-introspect",
};

/// Which database, and how long to wait for it.
#[derive(Clone, Serialize)]
pub struct IntrospectionRequest {
    pub connection_id: String,
    #[serde(flatten)]
    pub place: DatabasePlace,
    /// None for those that a connection without a choice sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schemas: Option<Vec<String>>,
    pub statement_timeout_ms: u64,
    pub connection_timeout_seconds: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Introspection {
    pub connection_id: String,
    /// When the service does not say, the caller's now.
    pub extracted_at: Option<String>,
    pub metadata: Map<String, Value>,
    pub tables: Vec<IntrospectedTable>,
    /// What is there and could not be read.
    pub warnings: Vec<IntrospectionWarning>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct IntrospectionWarning {
    pub code: String,
    pub message: String,
    pub table: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct IntrospectedTable {
    pub catalog: Option<String>,
    pub db: Option<String>,
    pub name: String,
    /// `table`, `view` or `materialized_view`; a service that does not say lists tables alone.
    pub kind: Option<String>,
    pub comment: Option<String>,
    pub columns: Vec<IntrospectedColumn>,
    pub foreign_keys: Vec<IntrospectedForeignKey>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct IntrospectedColumn {
    pub name: String,
    pub native_type: String,
    pub nullable: bool,
    pub primary_key: bool,
    pub comment: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct IntrospectedForeignKey {
    pub from_column: String,
    /// The schema of the table that is referred to, when it is another one.
    pub to_db: Option<String>,
    pub to_table: String,
    pub to_column: String,
    pub constraint_name: Option<String>,
}

/// Reads the tables.
///
/// # Errors
/// When there is no answer or a name is missing in it.
pub fn introspect(service: &Service, request: &IntrospectionRequest) -> Result<Introspection, PortError> {
    let payload = serde_json::to_value(request).map_err(|error| PortError::Answer(error.to_string()))?;
    read(&service.call(INTROSPECT, &payload)?)
}

fn read(object: &Map<String, Value>) -> Result<Introspection, PortError> {
    let answer = Answer {
        what: "ktx-daemon database introspection response",
        object,
    };
    Ok(Introspection {
        connection_id: answer.text("connection_id", "connection_id")?,
        extracted_at: answer.optional_text("extracted_at"),
        metadata: object
            .get("metadata")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        tables: answer
            .objects("tables")
            .map(|table| read_table(&table))
            .collect::<Result<_, _>>()?,
        warnings: answer
            .objects("warnings")
            .filter_map(|warning| {
                Some(IntrospectionWarning {
                    code: warning.optional_text("code")?,
                    message: warning.optional_text("message")?,
                    table: warning.optional_text("table"),
                })
            })
            .collect(),
    })
}

fn read_table(table: &Answer<'_>) -> Result<IntrospectedTable, PortError> {
    Ok(IntrospectedTable {
        catalog: table.optional_text("catalog"),
        db: table.optional_text("db"),
        name: table.text("name", "tables[].name")?,
        kind: table.optional_text("kind"),
        comment: table.optional_text("comment"),
        columns: table
            .objects("columns")
            .map(|column| read_column(&column))
            .collect::<Result<_, _>>()?,
        foreign_keys: table
            .objects("foreign_keys")
            .map(|key| read_key(&key))
            .collect::<Result<_, _>>()?,
    })
}

fn read_column(column: &Answer<'_>) -> Result<IntrospectedColumn, PortError> {
    Ok(IntrospectedColumn {
        name: column.text("name", "tables[].columns[].name")?,
        native_type: column.text("type", "tables[].columns[].type")?,
        nullable: column.object.get("nullable") != Some(&Value::Bool(false)),
        primary_key: column.object.get("primary_key") == Some(&Value::Bool(true)),
        comment: column.optional_text("comment"),
    })
}

fn read_key(key: &Answer<'_>) -> Result<IntrospectedForeignKey, PortError> {
    let text = |field: &str| key.text(field, &format!("tables[].foreign_keys[].{field}"));
    Ok(IntrospectedForeignKey {
        from_column: text("from_column")?,
        to_db: key.optional_text("to_db"),
        to_table: text("to_table")?,
        to_column: text("to_column")?,
        constraint_name: key.optional_text("constraint_name"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;

    #[test]
    fn every_missing_name_is_told_by_its_path() {
        let good = json!({"connection_id": "wh", "tables": [{
            "name": "pets", "columns": [{"name": "id", "type": "integer"}],
            "foreign_keys": [{"from_column": "a", "to_table": "b", "to_column": "c"}],
        }]});
        let table = read(good.as_object().expect("an object"))
            .expect("the twin that passes")
            .tables
            .remove(0);
        assert!(
            table.columns[0].nullable && !table.columns[0].primary_key,
            "{table:?}"
        );
        for (pointer, path) in [
            ("/connection_id", "connection_id"),
            ("/tables/0/name", "tables[].name"),
            ("/tables/0/columns/0/name", "tables[].columns[].name"),
            ("/tables/0/columns/0/type", "tables[].columns[].type"),
            (
                "/tables/0/foreign_keys/0/from_column",
                "tables[].foreign_keys[].from_column",
            ),
            (
                "/tables/0/foreign_keys/0/to_table",
                "tables[].foreign_keys[].to_table",
            ),
            (
                "/tables/0/foreign_keys/0/to_column",
                "tables[].foreign_keys[].to_column",
            ),
        ] {
            let mut damaged = good.clone();
            *damaged.pointer_mut(pointer).expect("is there") = Value::Null;
            let error = read(damaged.as_object().expect("an object"))
                .expect_err(pointer)
                .to_string();
            assert_eq!(
                error,
                format!("ktx-daemon database introspection response is missing string field {path}")
            );
        }
    }
}
