//! Strict reading of answers, naming what is missing.

use serde_json::{Map, Value};

use super::PortError;

/// An object of an answer. `what` begins the messages: `sql analysis response`.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub what: &'static str,
    pub object: &'a Map<String, Value>,
}

impl<'a> Answer<'a> {
    pub fn refuse(&self, problem: &str) -> PortError {
        PortError::Answer(format!("{} {problem}", self.what))
    }

    /// `shown` is the field's path in messages.
    pub fn text(&self, field: &str, shown: &str) -> Result<String, PortError> {
        match self.object.get(field) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(self.refuse(&format!("is missing string field {shown}"))),
        }
    }

    pub fn optional_text(&self, field: &str) -> Option<String> {
        self.object.get(field).and_then(Value::as_str).map(str::to_owned)
    }

    pub fn texts(&self, field: &str) -> Result<Vec<String>, PortError> {
        let missing = || self.refuse(&format!("is missing string[] field {field}"));
        let items = self
            .object
            .get(field)
            .and_then(Value::as_array)
            .ok_or_else(missing)?;
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(missing))
            .collect()
    }

    /// The objects of a list; what is no object is skipped, a list that is not there is empty.
    pub fn objects(&self, field: &str) -> impl Iterator<Item = Answer<'a>> + use<'a> {
        let what = self.what;
        let items = self
            .object
            .get(field)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        items.iter().filter_map(move |item| {
            Some(Answer {
                what,
                object: item.as_object()?,
            })
        })
    }
}
