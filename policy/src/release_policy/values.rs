//! Takes typed values out of a document, one finding for each that is not of its type.

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;

use ktx_names::{Finding, JsonPlace};

use super::document::{PolicyDocument, properties_named};

/// What the walk through a document has found so far.
pub(super) struct Findings<'document, 'text> {
    document: &'document PolicyDocument<'text>,
    found: Vec<Finding>,
}

impl<'document, 'text> Findings<'document, 'text> {
    pub(super) fn new(document: &'document PolicyDocument<'text>) -> Self {
        Self {
            document,
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, code: &'static str, message: String, at: &impl Ranged, path: &str) {
        self.push(Finding::error(code, message), at, path);
    }

    pub(super) fn push(&mut self, finding: Finding, at: &impl Ranged, path: &str) {
        let path = if path.is_empty() {
            "$".to_owned()
        } else {
            format!("$.{path}")
        };
        self.found.push(finding.at(JsonPlace {
            line: self.document.line(at),
            path,
        }));
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

/// An object of the policy: its path from the root, and the values under its keys.
pub(super) struct Section<'document, 'text> {
    object: &'document Object<'text>,
    path: String,
}

impl<'document, 'text> Section<'document, 'text> {
    /// The document itself, which must be an object with `keys`.
    pub(super) fn root(
        document: &'document PolicyDocument<'text>,
        keys: &[&str],
        findings: &mut Findings<'_, 'text>,
    ) -> Option<Self> {
        let Some(object) = document.root().as_object() else {
            let message = "Release policy must be a JSON object".to_owned();
            findings.add("policy-type", message, document.root(), "");
            return None;
        };
        let section = Self {
            object,
            path: String::new(),
        };
        section.refuse_strange_keys(keys, findings);
        Some(section)
    }

    /// The object under `key`, which must be one with `keys`.
    pub(super) fn section(
        &self,
        key: &str,
        keys: &[&str],
        findings: &mut Findings<'_, 'text>,
    ) -> Option<Self> {
        let object = self.typed(key, "a JSON object", Value::as_object, findings)?;
        let section = Self {
            object,
            path: self.path_of(key),
        };
        section.refuse_strange_keys(keys, findings);
        Some(section)
    }

    /// The objects in the array under `key`, each of which must have `keys`.
    pub(super) fn sections(
        &self,
        key: &str,
        keys: &[&str],
        findings: &mut Findings<'_, 'text>,
    ) -> Option<Vec<Self>> {
        let take = |value: &'document Value<'text>| {
            let elements = &value.as_array()?.elements;
            elements.iter().map(Value::as_object).collect::<Option<Vec<_>>>()
        };
        let objects = self.typed(key, "an array of JSON objects", take, findings)?;
        let section = |(index, object)| {
            let section = Self {
                object,
                path: format!("{}[{index}]", self.path_of(key)),
            };
            section.refuse_strange_keys(keys, findings);
            section
        };
        Some(objects.into_iter().enumerate().map(section).collect())
    }

    /// The keys of the object under `key`.
    pub(super) fn keys(&self, key: &str, findings: &mut Findings<'_, 'text>) -> Option<Vec<String>> {
        let object = self.typed(key, "a JSON object", Value::as_object, findings)?;
        let keys = object.properties.iter();
        Some(keys.map(|property| property.name.as_str().to_owned()).collect())
    }

    pub(super) fn string(&self, key: &str, findings: &mut Findings<'_, 'text>) -> Option<String> {
        self.typed(
            key,
            "a string",
            |value| value.as_string_lit().map(|text| text.value.to_string()),
            findings,
        )
    }

    pub(super) fn boolean(&self, key: &str, findings: &mut Findings<'_, 'text>) -> Option<bool> {
        self.typed(
            key,
            "a boolean",
            |value| value.as_boolean_lit().map(|boolean| boolean.value),
            findings,
        )
    }

    /// A string or null: the outer option says whether it was one of them.
    pub(super) fn nullable_string(
        &self,
        key: &str,
        findings: &mut Findings<'_, 'text>,
    ) -> Option<Option<String>> {
        let take = |value: &Value<'text>| match value {
            Value::NullKeyword(_) => Some(None),
            Value::StringLit(text) => Some(Some(text.value.to_string())),
            _ => None,
        };
        self.typed(key, "a string or null", take, findings)
    }

    pub(super) fn strings(&self, key: &str, findings: &mut Findings<'_, 'text>) -> Option<Vec<String>> {
        let take = |value: &Value<'text>| {
            let elements = &value.as_array()?.elements;
            elements
                .iter()
                .map(|element| element.as_string_lit().map(|text| text.value.to_string()))
                .collect()
        };
        self.typed(key, "an array of strings", take, findings)
    }

    /// The value under `key`, the last one when the key is repeated.
    pub(super) fn value(&self, key: &str) -> Option<&'document Value<'text>> {
        properties_named(self.object, key)
            .last()
            .map(|property| &property.value)
    }

    /// Adds a finding about the value under `key`.
    pub(super) fn refuse(
        &self,
        key: &str,
        code: &'static str,
        message: String,
        findings: &mut Findings<'_, 'text>,
    ) {
        self.refuse_with(key, Finding::error(code, message), findings);
    }

    /// Adds `finding` at the place of the value under `key`, or of the object when it has no such key.
    pub(super) fn refuse_with(&self, key: &str, finding: Finding, findings: &mut Findings<'_, 'text>) {
        match self.value(key) {
            Some(value) => findings.push(finding, value, &self.path_of(key)),
            None => findings.push(finding, self.object, &self.path_of(key)),
        }
    }

    fn typed<T>(
        &self,
        key: &str,
        wanted: &str,
        take: impl Fn(&'document Value<'text>) -> Option<T>,
        findings: &mut Findings<'_, 'text>,
    ) -> Option<T> {
        let taken = self.value(key).and_then(take);
        if taken.is_none() {
            let message = format!("Release policy {} must be {wanted}", self.path_of(key));
            self.refuse(key, "policy-type", message, findings);
        }
        taken
    }

    fn refuse_strange_keys(&self, keys: &[&str], findings: &mut Findings<'_, 'text>) {
        for (index, property) in self.object.properties.iter().enumerate() {
            let name = property.name.as_str();
            let path = self.path_of(name);
            if !keys.contains(&name) {
                let known = keys.join(", ");
                let finding = Finding::error(
                    "policy-unknown-key",
                    format!("Release policy {path} is not a known key"),
                )
                .with_hint(format!("the keys here are {known}"));
                findings.push(finding, property, &path);
            } else if self.object.properties[..index]
                .iter()
                .any(|earlier| earlier.name.as_str() == name)
            {
                let finding = Finding::error(
                    "policy-duplicate-key",
                    format!("Release policy {path} is given twice"),
                )
                .with_hint("keep one of the two");
                findings.push(finding, property, &path);
            }
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}
