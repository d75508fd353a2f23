//! Names that become file names: connections and semantic-layer sources. Parsed once, never checked again.

use serde::{Deserialize, Serialize};

use crate::Error;

/// `^[a-zA-Z0-9][a-zA-Z0-9_-]*$`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(String);

/// `^[a-z0-9][a-z0-9_]*$`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

impl ConnectionId {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::UnsafeConnectionId(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SourceName {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let fits = text.starts_with(plain) && text.chars().all(|letter| plain(letter) || letter == '_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::UnsafeSourceName(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

text_conversions!(ConnectionId);
text_conversions!(SourceName);

#[cfg(test)]
mod tests {
    use super::{ConnectionId, SourceName};

    #[test]
    fn hostile_ids_are_refused_before_they_become_paths() {
        for (text, connection, source) in [
            ("warehouse", true, true),
            ("Warehouse-2", true, false),
            ("9lives", true, true),
            ("", false, false),
            ("_schema", false, false),
            ("..", false, false),
            ("a/b", false, false),
            ("a\\b", false, false),
            ("a b", false, false),
            ("a.yaml", false, false),
            ("orders\n", false, false),
            ("größe", false, false),
        ] {
            assert_eq!(
                ConnectionId::parse(text).is_ok(),
                connection,
                "connection {text:?}"
            );
            assert_eq!(SourceName::parse(text).is_ok(), source, "source {text:?}");
        }
    }
}
