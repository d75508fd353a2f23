//! Strict reading of JSON that a program sends: unknown keys are refused with the nearest known one.

use ktx_project::nearest;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Error;

/// The arguments as `T`.
///
/// # Errors
/// On a key that `T` does not have, at any depth, and on a value of the wrong type.
pub fn read<T: DeserializeOwned + JsonSchema>(arguments: Map<String, Value>) -> Result<T, Error> {
    let schema = schemars::schema_for!(T).to_value();
    let arguments = Value::Object(arguments);
    if let Some(unknown) = unknown_key(&arguments, &schema, &schema, "") {
        return Err(unknown);
    }
    serde_json::from_value(arguments.clone()).map_err(|error| {
        let reason = misfit(&arguments, &schema, &schema, "").unwrap_or_else(|| error.to_string());
        Error::refused(format!("failed to read the arguments: {reason}"))
    })
}

/// The first value of another type than the schema has for it, by its path. Where several types are allowed, the type that
/// is read knows better what to say.
fn misfit(value: &Value, schema: &Value, root: &Value, path: &str) -> Option<String> {
    let schema = resolved(schema, root);
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let choices = choices.iter().map(|choice| resolved(choice, root));
        let mut fitting = choices.filter(|choice| choice.get("type").is_some_and(|kind| is_of(value, kind)));
        let only = fitting.next().filter(|_| fitting.next().is_none())?;
        return misfit(value, only, root, path);
    }
    if let Some(kind) = schema.get("type") {
        let is_too_small =
            schema.get("minimum").and_then(Value::as_f64) > value.as_f64() && value.is_number();
        if !is_of(value, kind) || is_too_small {
            let least = schema.get("minimum").filter(|_| is_too_small);
            let least = least.map_or_else(String::new, |least| format!(" of at least {least}"));
            return Some(format!(
                "`{path}` must be {}{least}, not {}",
                described(kind),
                shown(value)
            ));
        }
    }
    match value {
        Value::Array(items) => {
            let inner = schema.get("items")?;
            let mut places = items.iter().enumerate();
            places.find_map(|(place, item)| misfit(item, inner, root, &below(path, &place.to_string())))
        }
        Value::Object(entries) => {
            let known = schema.get("properties")?;
            let mut entries = entries.iter();
            entries.find_map(|(key, value)| misfit(value, known.get(key)?, root, &below(path, key)))
        }
        _ => None,
    }
}

/// A type of JSON in words.
fn described(kind: &Value) -> String {
    if let Value::Array(kinds) = kind {
        let kinds: Vec<String> = kinds
            .iter()
            .filter(|kind| *kind != "null")
            .map(described)
            .collect();
        return kinds.join(" or ");
    }
    let words = match kind.as_str() {
        Some("string") => "a text",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        Some("object") => "an object",
        _ => "something else",
    };
    words.to_owned()
}

/// A value that is short, or its type.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.len() > 40 => "a text".to_owned(),
        value => format!("`{value}`"),
    }
}

fn unknown_key(value: &Value, schema: &Value, root: &Value, path: &str) -> Option<Error> {
    let schema = resolved(schema, root);
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let fitting = choices.iter().map(|choice| resolved(choice, root));
        let fitting = fitting.filter(|choice| choice.get("type").is_some_and(|kind| is_of(value, kind)));
        // The objects that a value may be differ in their keys: one that knows them all is enough.
        let mut refusals = fitting.map(|choice| unknown_key(value, choice, root, path));
        let first = refusals.next().flatten()?;
        return match refusals.any(|refusal| refusal.is_none()) {
            true => None,
            false => Some(first),
        };
    }
    match value {
        Value::Array(items) => {
            let inner = schema.get("items")?;
            let mut places = items.iter().enumerate();
            places.find_map(|(place, item)| unknown_key(item, inner, root, &below(path, &place.to_string())))
        }
        Value::Object(entries) => {
            let listed = schema.get("properties").and_then(Value::as_object);
            let none = Map::new();
            // An object without listed members may have any, but arguments without members are none.
            let known = listed.or(path.is_empty().then_some(&none))?;
            entries.iter().find_map(|(key, value)| match known.get(key) {
                Some(inner) => unknown_key(value, inner, root, &below(path, key)),
                None => Some(refusal(key, path, known)),
            })
        }
        _ => None,
    }
}

fn refusal(key: &str, path: &str, known: &Map<String, Value>) -> Error {
    let place = match path {
        "" => String::new(),
        path => format!(" in `{path}`"),
    };
    let message = format!("unknown key `{key}`{place}");
    let near = nearest::among(key, known.keys().map(String::as_str));
    let listed = || {
        if known.is_empty() {
            return "it takes no arguments".to_owned();
        }
        let names: Vec<String> = known.keys().map(|name| format!("`{name}`")).collect();
        format!("known are {}", names.join(", "))
    };
    Error::hinted(message, nearest::hint(&near).unwrap_or_else(listed))
}

fn resolved<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
        .unwrap_or(schema)
}

fn is_of(value: &Value, kind: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => return matches!(kind.as_str(), Some("number" | "integer")) || is_in(value, kind),
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    kind == name || is_in(value, kind)
}

fn is_in(value: &Value, kinds: &Value) -> bool {
    let kinds = kinds.as_array();
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| is_of(value, kind)))
}

fn below(path: &str, part: &str) -> String {
    match path {
        "" => part.to_owned(),
        path => format!("{path}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use ktx_runtime::ports::SemanticQuery;
    use serde_json::{Map, Value, json};

    use super::read;

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Nothing {}

    #[test]
    fn what_takes_no_arguments_takes_none() {
        let given = Map::from_iter([("x".to_owned(), json!(1))]);
        let error = read::<Nothing>(given).err().expect("refused");
        assert_eq!(error.to_string(), "unknown key `x`");
        assert_eq!(error.hint().as_deref(), Some("it takes no arguments"));
        assert!(read::<Nothing>(Map::new()).is_ok());
    }

    fn refused(query: Value) -> Option<(String, String)> {
        let Value::Object(query) = query else {
            panic!("an object")
        };
        let error = read::<SemanticQuery>(query).err()?;
        Some((error.to_string(), error.hint().unwrap_or_default()))
    }

    #[test]
    fn a_mistyped_key_is_refused_at_every_depth_with_the_nearest_one() {
        for (query, message, hint) in [
            (
                json!({"measurs": []}),
                "unknown key `measurs`",
                "did you mean `measures`?",
            ),
            (
                json!({"dimensions": ["a.b", {"field": "a.t", "granularty": "day"}]}),
                "unknown key `granularty` in `dimensions.1`",
                "did you mean `granularity`?",
            ),
            (
                json!({"order_by": [{"field": "a.t", "dir": "asc"}]}),
                "unknown key `dir` in `order_by.0`",
                "did you mean `direction`?",
            ),
            (
                json!({"measures": [{"expr": "1", "name": "x", "zzz": 1}]}),
                "unknown key `zzz` in `measures.0`",
                "known are `expr`, `fill`, `grain_to_date`, `name`, `offset`, `type`, `window`",
            ),
        ] {
            assert_eq!(
                refused(query.clone()),
                Some((message.to_owned(), hint.to_owned())),
                "{query}"
            );
        }
        for query in [
            json!({}),
            json!({"measures": ["a.n", {"expr": "1", "name": "x"}], "limit": 3, "include_empty": null}),
        ] {
            assert_eq!(refused(query.clone()), None, "{query}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_says_what_is_expected() {
        let (message, _) = refused(json!({"dimensions": [7]})).expect("refused");
        assert_eq!(
            message,
            "failed to read the arguments: a dimension is a text, or an object with `field` and `granularity`"
        );
        for (query, reason) in [
            (
                json!({"measures": "a.n"}),
                "`measures` must be a list, not `\"a.n\"`",
            ),
            (
                json!({"limit": "5"}),
                "`limit` must be a whole number, not `\"5\"`",
            ),
            (json!({"limit": 2.5}), "`limit` must be a whole number, not `2.5`"),
            (
                json!({"limit": -1}),
                "`limit` must be a whole number of at least 0, not `-1`",
            ),
            (
                json!({"order_by": [{"field": "a.n"}, {"field": ["a.n"]}]}),
                "`order_by.1.field` must be a text, not a list",
            ),
            (
                json!({"include_empty": "yes"}),
                "`include_empty` must be true or false, not `\"yes\"`",
            ),
        ] {
            let (message, _) = refused(query.clone()).unwrap_or_else(|| panic!("read: {query}"));
            assert_eq!(
                message,
                format!("failed to read the arguments: {reason}"),
                "{query}"
            );
        }
    }
}
