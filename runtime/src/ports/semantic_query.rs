//! A query of measures by dimensions, as the command line, agents and MCP clients ask it and the compiler reads it.
//!
//! What the names in it mean is the compiler's matter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Granularities of a time; the payload's list, which a test compares.
pub const GRANULARITIES: [&str; 9] = [
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "fiscal_year",
    "fiscal_quarter",
];

/// Missing fields have the compiler's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SemanticQuery {
    /// Measures such as `orders.gross`, or expressions over them
    #[serde(default)]
    pub measures: Vec<MeasureRequest>,
    /// What to group by, such as `customers.region`; a role or a path may precede the column
    #[serde(default)]
    pub dimensions: Vec<DimensionRequest>,
    /// Conditions, as SQL writes them
    #[serde(default)]
    pub filters: Vec<String>,
    #[serde(default)]
    pub segments: Vec<String>,
    #[serde(default)]
    pub order_by: Vec<OrderRequest>,
    /// The maximum number of groups [default: 1000]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Keep groups without facts [default: true]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_empty: Option<bool>,
    /// Add a row for every period between the first and the last [default: false]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<bool>,
}

/// A measure by name or expression, or an expression with its own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a measure is a text, or an object with `expr` and `name`"
)]
pub enum MeasureRequest {
    Text(String),
    Named {
        expr: String,
        name: String,
        #[serde(flatten)]
        span: Span,
    },
}

/// The keys by which a measure counts other rows than those of its group's period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// simple, cumulative or offset
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of a cumulative measure, such as `7 days`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Of a cumulative measure, such as `month`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grain_to_date: Option<String>,
    /// Of an offset measure, such as `1 month`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<String>,
    /// Give periods without facts a row
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<bool>,
}

/// A dimension by name, or a time with its granularity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a dimension is a text, or an object with `field` and `granularity`"
)]
pub enum DimensionRequest {
    Text(String),
    Granular {
        field: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        granularity: Option<String>,
    },
}

/// A key by name, or with its direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "an order is a text, or an object with `field` and `direction`"
)]
pub enum OrderRequest {
    Text(String),
    Directed {
        field: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        direction: Option<String>,
    },
}

/// The part behind the last colon is neither a direction nor a granularity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to read `--order-by {0}`: direction must be asc or desc")]
pub struct InvalidOrder(String);

impl MeasureRequest {
    pub fn expression(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Named { expr, .. } => expr,
        }
    }
}

impl DimensionRequest {
    /// `orders.placed_at:month`, or a name.
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once(':') {
            Some((field, granularity)) if is_granularity(granularity) => Self::Granular {
                field: field.to_owned(),
                granularity: Some(granularity.to_owned()),
            },
            _ => Self::Text(text.to_owned()),
        }
    }

    pub fn field(&self) -> &str {
        match self {
            Self::Text(field) | Self::Granular { field, .. } => field,
        }
    }
}

impl OrderRequest {
    /// A field, its granularity behind it when it has one, then `:asc` or `:desc` when it has one.
    ///
    /// # Errors
    /// When something else is behind the last colon.
    pub fn parse(text: &str) -> Result<Self, InvalidOrder> {
        match text.rsplit_once(':') {
            Some((field, direction @ ("asc" | "desc"))) => Ok(Self::Directed {
                field: field.to_owned(),
                direction: Some(direction.to_owned()),
            }),
            Some((_, word)) if !is_granularity(word) && !word.ends_with('"') => {
                Err(InvalidOrder(text.to_owned()))
            }
            _ => Ok(Self::Text(text.to_owned())),
        }
    }
}

fn is_granularity(word: &str) -> bool {
    GRANULARITIES.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DimensionRequest, GRANULARITIES, OrderRequest, SemanticQuery};

    #[test]
    fn granularities_are_those_of_the_payload() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../python/semantic_layer/granularity.py"
        );
        let text = fs_err::read_to_string(path).expect("the payload's source");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("GRANULARITIES = ("))
            .expect("the payload's list");
        let listed: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert_eq!(listed, GRANULARITIES);
    }

    #[test]
    fn a_text_is_read_from_its_end() {
        for (text, expected) in [
            ("a.b", json!("a.b")),
            ("a.b:month", json!({"field": "a.b", "granularity": "month"})),
            ("p.q.b:MONTH", json!({"field": "p.q.b", "granularity": "MONTH"})),
            ("a.b:decade", json!("a.b:decade")),
            (r#""x:day".b"#, json!(r#""x:day".b"#)),
        ] {
            let read = serde_json::to_value(DimensionRequest::parse(text)).expect("json");
            assert_eq!(read, expected, "{text}");
        }
        for (text, expected) in [
            ("a.b", Some(json!("a.b"))),
            ("a.b:desc", Some(json!({"field": "a.b", "direction": "desc"}))),
            (
                "a.b:month:desc",
                Some(json!({"field": "a.b:month", "direction": "desc"})),
            ),
            ("a.b:month", Some(json!("a.b:month"))),
            ("a.b:up", None),
        ] {
            let read = OrderRequest::parse(text)
                .ok()
                .map(|order| serde_json::to_value(order).expect("json"));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn every_form_of_a_member_survives_reading_and_writing() {
        let query = json!({
            "measures": ["a.n", {"expr": "sum(a.x)", "name": "x", "type": "cumulative", "window": "7 days"}],
            "dimensions": ["a.b", {"field": "a.t", "granularity": "day"}, {"field": "a.c"}],
            "filters": ["a.b = 1"], "segments": [], "order_by": [{"field": "a.n", "direction": "desc"}],
            "limit": 5, "include_empty": false, "fill": true,
        });
        let read: SemanticQuery = serde_json::from_value(query.clone()).expect("a query");
        assert_eq!(serde_json::to_value(&read).expect("json"), query);
        let error = serde_json::from_value::<SemanticQuery>(json!({"measures": [3]})).expect_err("refused");
        assert!(
            error
                .to_string()
                .contains("a measure is a text, or an object with `expr` and `name`"),
            "{error}"
        );
    }
}
