//! Typed reading of one map, gathering every wrong type with its path and place.

use super::{Node, Position, Value};
use crate::nearest;

/// One thing wrong with a document. `path` is dotted with list positions (`columns.0.type`), `<root>` for the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub message: String,
    pub wording: Wording,
    pub place: Position,
}

/// How a message relates to the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// It says something about the path, which is its subject: `is required`.
    AboutPath,
    /// It names what is wrong by itself.
    Sentence,
}

impl Finding {
    /// A finding whose subject is the path.
    pub fn new(path: impl Into<String>, message: impl Into<String>, place: Position) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            wording: Wording::AboutPath,
            place,
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

/// The keys of one map with its path. Null counts as absent, as YAML's empty value means.
pub struct Fields<'n, 'f> {
    node: &'n Node,
    path: String,
    findings: &'f mut Vec<Finding>,
}

impl<'n, 'f> Fields<'n, 'f> {
    /// None, with a finding, when the node is not a map.
    pub fn open(node: &'n Node, path: impl Into<String>, findings: &'f mut Vec<Finding>) -> Option<Self> {
        let path = path.into();
        if matches!(node.value, Value::Map(_)) {
            return Some(Self { node, path, findings });
        }
        let path = if path.is_empty() { "<root>".into() } else { path };
        let message = format!("expected a map, found {}", node.kind());
        findings.push(Finding::new(path, message, node.place));
        None
    }

    pub fn findings(&mut self) -> &mut Vec<Finding> {
        self.findings
    }

    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Refuses a key, or the map itself for an empty one, with a message whose subject is the path.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>) {
        let finding = self.about(key, message.into());
        self.findings.push(finding);
    }

    /// Refuses a key with a message that names it.
    pub fn refuse_in_full(&mut self, key: &str, message: impl Into<String>) {
        let finding = Finding {
            wording: Wording::Sentence,
            ..self.about(key, message.into())
        };
        self.findings.push(finding);
    }

    fn about(&self, key: &str, message: String) -> Finding {
        let (path, place) = if key.is_empty() {
            (
                if self.path.is_empty() {
                    "<root>".into()
                } else {
                    self.path.clone()
                },
                self.node.place,
            )
        } else {
            (
                self.path_of(key),
                self.node.get(key).map_or(self.node.place, |node| node.place),
            )
        };
        Finding::new(path, message, place)
    }

    pub fn node(&self, key: &str) -> Option<&'n Node> {
        self.node
            .get(key)
            .filter(|node| !matches!(node.value, Value::Null))
    }

    pub fn keys(&self) -> impl Iterator<Item = &'n str> + use<'n> {
        self.node.keys()
    }

    /// Refuses every key that is not known: it would be without effect. `what` is what the map describes.
    pub fn only(&mut self, what: &str, known: &[&str]) {
        let unknown = self.unknown(what, known);
        self.findings.extend(unknown);
    }

    /// A finding for every key that is not known, with the nearest one that is.
    pub fn unknown(&self, what: &str, known: &[&str]) -> Vec<Finding> {
        let Value::Map(entries) = &self.node.value else {
            return Vec::new();
        };
        let unknown = entries
            .iter()
            .filter(|(key, _)| !known.contains(&key.name.as_str()));
        unknown
            .map(|(key, _)| {
                let meant = match nearest::among(&key.name, known.iter().copied()).first() {
                    Some(near) => format!(": did you mean `{near}`?"),
                    None => format!(" (it knows {})", known.join(", ")),
                };
                Finding {
                    path: self.path_of(&key.name),
                    message: format!("unknown key `{}` in {what}{meant}", key.name),
                    wording: Wording::Sentence,
                    place: key.place,
                }
            })
            .collect()
    }

    fn wrong(&mut self, key: &str, expected: &str, found: &Node) {
        self.refuse(key, format!("expected {expected}, found {}", found.kind()));
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        let node = self.node(key)?;
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.wrong(key, "a text", node);
                None
            }
        }
    }

    /// A text that is there and not blank.
    pub fn required_text(&mut self, key: &str) -> Option<String> {
        if self.node(key).is_none() {
            self.refuse(key, "is required");
            return None;
        }
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.refuse(key, "must not be empty");
            return None;
        }
        Some(text)
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let node = self.node(key)?;
        match node.value {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.wrong(key, "true or false", node);
                None
            }
        }
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, key: &str) -> Option<u64> {
        let node = self.node(key)?;
        let number = match node.value {
            Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(key, "a whole number of at least 0", node);
        }
        number
    }

    pub fn list(&mut self, key: &str) -> Vec<&'n Node> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => {
                self.wrong(key, "a list", node);
                Vec::new()
            }
        }
    }

    pub fn texts(&mut self, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (position, item) in self.list(key).into_iter().enumerate() {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                _ => {
                    let path = format!("{}.{position}", self.path_of(key));
                    let message = format!("expected a text, found {}", item.kind());
                    self.findings.push(Finding::new(path, message, item.place));
                }
            }
        }
        texts
    }

    pub fn entries(&mut self, key: &str) -> &'n [(super::Key, Node)] {
        let Some(node) = self.node(key) else { return &[] };
        match &node.value {
            Value::Map(entries) => entries,
            _ => {
                self.wrong(key, "a map", node);
                &[]
            }
        }
    }

    /// One of a closed list of words.
    pub fn word<'w>(&mut self, key: &str, words: &[&'w str]) -> Option<&'w str> {
        let text = self.text(key)?;
        let known = words.iter().find(|word| **word == text).copied();
        if known.is_none() {
            self.refuse(
                key,
                format!("expected one of {}, found `{text}`", words.join(", ")),
            );
        }
        known
    }
}
