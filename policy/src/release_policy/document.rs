//! A JSON document that knows the positions of its values.
//!
//! `serde_json` decides what JSON is; the syntax tree of `jsonc-parser` gives positions and keeps duplicate keys.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions};
use serde::de::IgnoredAny;

use ktx_names::{Finding, JsonPlace};

/// A parsed document beside its text.
pub(super) struct PolicyDocument<'text> {
    text: &'text str,
    root: Value<'text>,
}

impl<'text> PolicyDocument<'text> {
    /// Parses `text`, which must be one JSON value.
    pub(super) fn parse(text: &'text str) -> Result<Self, Finding> {
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            let place = JsonPlace {
                line: error.line().max(1),
                path: "$".into(),
            };
            return Err(not_json(error.to_string()).at(place));
        }
        let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &strict())
            .map_err(|error| not_json(error.to_string()))?;
        let root = parsed
            .value
            .ok_or_else(|| not_json("the document is empty".into()))?;
        Ok(Self { text, root })
    }

    pub(super) fn root(&self) -> &Value<'text> {
        &self.root
    }

    /// The line of a value or key, from 1.
    pub(super) fn line(&self, ranged: &impl Ranged) -> usize {
        let before = self.text.as_bytes().get(..ranged.start()).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }
}

/// Where the value under `keys` is in `text`, so that it can be replaced without changing anything else.
pub fn text_range(text: &str, keys: &[&str]) -> Option<std::ops::Range<usize>> {
    let document = PolicyDocument::parse(text).ok()?;
    let mut value = document.root();
    for key in keys {
        value = &properties_named(value.as_object()?, key).last()?.value;
    }
    let Range { start, end } = value.range();
    Some(start..end)
}

/// Every property of that name: a document may repeat a key.
pub(super) fn properties_named<'object, 'text>(
    object: &'object Object<'text>,
    name: &str,
) -> Vec<&'object ObjectProp<'text>> {
    object
        .properties
        .iter()
        .filter(|property| property.name.as_str() == name)
        .collect()
}

fn not_json(cause: String) -> Finding {
    Finding::error(
        "policy-not-json",
        format!("failed to read `release-policy.json`: {cause}"),
    )
    .with_hint("the file holds one JSON object without comments or trailing commas")
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}
