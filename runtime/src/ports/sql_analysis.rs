//! Statements reduced to what repeats: a template, its tables, and where its literals were.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::service::{Call, PortError, Service};
use crate::Error;
use crate::http::{Caller, HttpError};

const FINGERPRINT: Call = Call {
    caller: Caller::SqlAnalysis,
    path: "/api/sql/analyze-for-fingerprint",
    subcommand: "sql-analyze-for-fingerprint",
};

/// The same for many statements. Only our own daemon has it.
const FINGERPRINT_BATCH: Call = Call {
    caller: Caller::SqlAnalysis,
    path: "/sql/fingerprint-batch",
    subcommand: "sql-fingerprint-batch",
};

const SLOT_TYPES: [&str; 7] = [
    "string",
    "number",
    "timestamp",
    "date",
    "boolean",
    "null",
    "unknown",
];

/// A statement's template. `error` says why a statement could not be read; the rest is empty then.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    pub fingerprint: String,
    pub normalized_sql: String,
    pub tables_touched: Vec<String>,
    pub literal_slots: Vec<LiteralSlot>,
    pub error: Option<String>,
    /// Empty from a service that does not say.
    pub habits: Habits,
}

/// What the SELECTs of a statement do with tables, without values. Each item is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits {
    pub joins: Vec<JoinHabit>,
    pub aggregates: Vec<ExpressionHabit>,
    pub filters: Vec<ExpressionHabit>,
}

/// Two columns that are compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JoinHabit {
    pub left: ColumnOf,
    pub right: ColumnOf,
}

/// A column, and its table as statements write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ColumnOf {
    pub table: String,
    pub column: String,
}

/// An expression over the columns of one table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExpressionHabit {
    pub table: String,
    pub expr: String,
}

impl Habits {
    pub fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.aggregates.is_empty() && self.filters.is_empty()
    }
}

/// A literal that the template leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct LiteralSlot {
    /// In reading order, from 1.
    pub position: u64,
    pub kind: String,
    pub example_value: String,
}

/// Analyses one statement.
///
/// # Errors
/// When there is no answer or it is not of the agreed shape. A statement that cannot be read is an answer.
pub fn analyze_for_fingerprint(
    service: &Service,
    sql: &str,
    dialect: &str,
) -> Result<Fingerprint, PortError> {
    let object = service.call(FINGERPRINT, &json!({"sql": sql, "dialect": dialect}))?;
    read(&object)
}

/// Analyses statements, in one request where the service has that; gives an answer for each, in order.
///
/// # Errors
/// When there is no answer at all. Nonsense about one statement is that statement's error.
pub fn analyze_all_for_fingerprint(
    service: &Service,
    statements: &[&str],
    dialect: &str,
) -> Result<Vec<Result<Fingerprint, PortError>>, PortError> {
    let each = || {
        let answers = statements
            .iter()
            .map(|sql| analyze_for_fingerprint(service, sql, dialect));
        answers.collect()
    };
    if service.is_explicit() {
        return Ok(each());
    }
    let items: Vec<Value> = statements
        .iter()
        .enumerate()
        .map(|(place, sql)| json!({"id": place.to_string(), "sql": sql}))
        .collect();
    match service.call(
        FINGERPRINT_BATCH,
        &json!({"dialect": dialect, "items": items, "habits": true}),
    ) {
        Ok(object) => Ok((0..statements.len())
            .map(|place| read_result(&object, place))
            .collect()),
        // What the service refuses about one statement it refuses about the request: each is asked alone.
        Err(
            PortError::Refused { .. }
            | PortError::Failed { .. }
            | PortError::Runtime(Error::Http(HttpError::Status { .. })),
        ) => Ok(each()),
        Err(error) => Err(error),
    }
}

fn read_result(object: &Map<String, Value>, place: usize) -> Result<Fingerprint, PortError> {
    let result = object
        .get("results")
        .and_then(|results| results.get(place.to_string())?.as_object());
    let result = result.ok_or_else(|| {
        PortError::Answer(format!(
            "sql analysis response contains invalid batch result {place}"
        ))
    })?;
    read(result)
}

fn read(object: &Map<String, Value>) -> Result<Fingerprint, PortError> {
    let answer = Answer {
        what: "sql analysis response",
        object,
    };
    let slots = object
        .get("literal_slots")
        .and_then(Value::as_array)
        .ok_or_else(|| answer.refuse("is missing literal_slots array"))?;
    Ok(Fingerprint {
        fingerprint: answer.text("fingerprint", "fingerprint")?,
        normalized_sql: answer.text("normalized_sql", "normalized_sql")?,
        tables_touched: answer.texts("tables_touched")?,
        literal_slots: slots
            .iter()
            .map(|slot| read_slot(&answer, slot))
            .collect::<Result<_, _>>()?,
        error: match object.get("error") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(answer.refuse("has invalid optional string field error")),
        },
        habits: match object.get("habits") {
            None | Some(Value::Null) => Habits::default(),
            Some(habits) => {
                Habits::deserialize(habits).map_err(|_| answer.refuse("has invalid optional field habits"))?
            }
        },
    })
}

fn read_slot(answer: &Answer<'_>, slot: &Value) -> Result<LiteralSlot, PortError> {
    let slot = slot
        .as_object()
        .ok_or_else(|| answer.refuse("contains invalid literal slot"))?;
    let refuse = |problem: &str| answer.refuse(&format!("literal slot {problem}"));
    let position = slot
        .get("position")
        .and_then(Value::as_u64)
        .ok_or_else(|| refuse("is missing numeric position"))?;
    let kind = slot
        .get("type")
        .and_then(Value::as_str)
        .filter(|kind| SLOT_TYPES.contains(kind));
    let example = slot.get("example_value").and_then(Value::as_str);
    Ok(LiteralSlot {
        position,
        kind: kind.ok_or_else(|| refuse("is missing valid type"))?.to_owned(),
        example_value: example
            .ok_or_else(|| refuse("is missing example_value"))?
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;

    fn good() -> Value {
        json!({
            "fingerprint": "f3a9", "normalized_sql": "SELECT x FROM t WHERE a = ?", "tables_touched": ["t"],
            "literal_slots": [{"position": 1, "type": "number", "example_value": "7"}], "error": null,
            "habits": {"joins": [], "aggregates": [], "filters": [{"table": "t", "expr": "a = ?"}]}
        })
    }

    #[test]
    fn an_answer_is_read_strictly() {
        let read_value =
            |value: &Value| read(value.as_object().expect("an object")).map_err(|error| error.to_string());
        let answer = read_value(&good()).expect("the twin that passes");
        assert_eq!(
            (answer.tables_touched.as_slice(), answer.error),
            (&["t".to_owned()][..], None)
        );
        for (pointer, value, told) in [
            ("/fingerprint", json!(1), "is missing string field fingerprint"),
            (
                "/normalized_sql",
                json!(null),
                "is missing string field normalized_sql",
            ),
            (
                "/tables_touched",
                json!(["t", 1]),
                "is missing string[] field tables_touched",
            ),
            ("/literal_slots", json!({}), "is missing literal_slots array"),
            ("/literal_slots/0", json!(3), "contains invalid literal slot"),
            (
                "/literal_slots/0/position",
                json!("1"),
                "literal slot is missing numeric position",
            ),
            (
                "/literal_slots/0/type",
                json!("blob"),
                "literal slot is missing valid type",
            ),
            (
                "/literal_slots/0/example_value",
                json!(7),
                "literal slot is missing example_value",
            ),
            ("/error", json!(5), "has invalid optional string field error"),
            ("/habits", json!([1]), "has invalid optional field habits"),
        ] {
            let mut damaged = good();
            *damaged.pointer_mut(pointer).expect("is there") = value;
            assert_eq!(
                read_value(&damaged).expect_err(pointer),
                format!("sql analysis response {told}")
            );
        }
    }
}
