//! A resolved source, in the form that the payload's compute takes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Who said it (`user`, `ai`, `dbt`, `db`, …) to what was said.
pub type Descriptions = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    pub grain: Vec<String>,
    pub columns: Vec<Column>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Descriptions::is_empty")]
    pub descriptions: Descriptions,
    /// `default_time_dimension`, `tags` and `freshness`, which planning ignores and search reads.
    #[serde(flatten)]
    pub metadata: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ColumnType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Descriptions::is_empty")]
    pub descriptions: Descriptions,
    #[serde(flatten)]
    pub metadata: BTreeMap<String, Value>,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $(#[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub const WORDS: &[&str] = &[$($word),+];

            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words!(ColumnType { Text = "string", Number = "number", Time = "time", Boolean = "boolean" });
words!(Visibility { Public = "public", Internal = "internal", Hidden = "hidden" });
words!(Role { Time = "time", Default = "default" });
words!(Relationship { ManyToOne = "many_to_one", OneToMany = "one_to_many", OneToOne = "one_to_one" });

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Join {
    pub to: String,
    pub on: String,
    pub relationship: Relationship,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    pub name: String,
    pub expr: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `type`, `window`, `grain_to_date`, `offset` and `fill`, as they are written; also `value_format`, a note.
    #[serde(flatten)]
    pub span: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    pub name: String,
    pub expr: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl ColumnType {
    /// The type of a warehouse's column by the first word of its name; text in parentheses is ignored.
    pub fn of_native(native: &str) -> Self {
        let lower = native.to_lowercase();
        let word = lower.split('(').next().unwrap_or_default().trim();
        match word {
            "integer" | "bigint" | "smallint" | "numeric" | "decimal" | "float" | "double" | "real"
            | "int" | "int2" | "int4" | "int8" | "float4" | "float8" | "double precision" | "number"
            | "tinyint" | "mediumint" => Self::Number,
            "datetime" | "date" | "time" | "timetz" => Self::Time,
            "boolean" | "bool" => Self::Boolean,
            _ if word.starts_with("timestamp") || word.starts_with("time ") => Self::Time,
            _ => Self::Text,
        }
    }
}

/// The one description to show: the person's own words first, the database's comment last.
pub fn best_description<'d>(description: Option<&'d str>, descriptions: &'d Descriptions) -> Option<&'d str> {
    let filled = |text: &&str| !text.trim().is_empty();
    description.filter(filled).or_else(|| {
        ["user", "ai", "dbt", "db"]
            .iter()
            .filter_map(|author| descriptions.get(*author).map(String::as_str))
            .chain(descriptions.values().map(String::as_str))
            .find(filled)
    })
}

impl Source {
    pub fn summary(&self) -> Option<&str> {
        best_description(self.description.as_deref(), &self.descriptions)
    }
}

#[cfg(test)]
mod tests {
    use super::ColumnType::{self, Boolean, Number, Text, Time};

    #[test]
    fn native_types_map_by_word() {
        for (native, kind) in [
            ("INTEGER", Number),
            ("numeric(10,2)", Number),
            ("double precision", Number),
            ("timestamp with time zone", Time),
            ("timestamptz", Time),
            ("DATE", Time),
            ("time without time zone", Time),
            ("bool", Boolean),
            ("varchar(20)", Text),
            ("point", Text),
            ("interval", Text),
            ("", Text),
        ] {
            assert_eq!(ColumnType::of_native(native), kind, "{native}");
        }
    }
}
