//! Rows as lines of CSV or of JSON, in the forms of the daemon's `text_files`.

use serde_json::Value;

/// The format of a text file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// RFC 4180 with lines that end with LF: nothing at all is NULL, `""` the empty text.
    Csv,
    JsonLines,
}

impl TextFormat {
    /// The line before the rows, if there is one.
    pub(super) fn head(self, headers: &[String]) -> String {
        match self {
            Self::Csv => csv_line(headers.iter().map(|name| csv_text(name))),
            Self::JsonLines => String::new(),
        }
    }

    pub(super) fn line(self, headers: &[String], row: Vec<Value>) -> String {
        match self {
            Self::Csv => csv_line(row.iter().map(csv_field)),
            Self::JsonLines => {
                let member =
                    |(name, value): (&String, Value)| format!("{}:{value}", Value::from(name.as_str()));
                let members: Vec<String> = headers.iter().zip(row).map(member).collect();
                format!("{{{}}}\n", members.join(","))
            }
        }
    }
}

fn csv_line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\n"
}

fn csv_field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => csv_text(text),
        value => value.to_string(),
    }
}

fn csv_text(text: &str) -> String {
    match text.is_empty() || text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
