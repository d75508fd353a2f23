//! `assets/uv.json`: the one uv that ktx downloads for itself when the user agrees.
//!
//! uv is published as wheels. Which index serves them is the user's choice; where the user makes none, it is uv's own
//! default, which packing asks uv for: the sources name no host. The digest is what is trusted.

use std::collections::BTreeMap;

use ktx_names::Platform;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{ContentId, Sha256Digest, json_text};

/// The file's name below `assets/`.
pub const UV_PIN_FILE: &str = "uv.json";

/// A version of uv, with its wheel for every platform of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UvPin {
    schema_version: u8,
    pub version: String,
    /// Where uv looks when the user names no index; a package has it, the sources do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_index: Option<String>,
    pub wheels: BTreeMap<Platform, PinnedWheel>,
}

/// One wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedWheel {
    /// The last part of its URL, on every index.
    pub file: String,
    pub bytes: u64,
    pub sha256: Sha256Digest,
}

/// Why a pin cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUvPin(String);

impl UvPin {
    /// A pin of these wheels.
    ///
    /// # Errors
    /// When a platform is missing, or a wheel is not one of this version.
    pub fn new(version: String, wheels: BTreeMap<Platform, PinnedWheel>) -> Result<UvPin, InvalidUvPin> {
        UvPin {
            schema_version: 1,
            version,
            default_index: None,
            wheels,
        }
        .checked()
    }

    /// The pin as a package carries it.
    ///
    /// # Errors
    /// When the index is not one that can be asked by everybody.
    pub fn with_default_index(self, index: String) -> Result<UvPin, InvalidUvPin> {
        UvPin {
            default_index: Some(index),
            ..self
        }
        .checked()
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// When it is not such a file, strictly.
    pub fn parse(text: &[u8]) -> Result<UvPin, InvalidUvPin> {
        let pin: UvPin = serde_json::from_slice(text).map_err(|error| InvalidUvPin(error.to_string()))?;
        pin.checked()
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        json_text(self)
    }

    fn checked(self) -> Result<UvPin, InvalidUvPin> {
        if self.schema_version != 1 {
            return Err(InvalidUvPin(format!(
                "schemaVersion must be 1, got {}",
                self.schema_version
            )));
        }
        if let Some(index) = &self.default_index
            && !is_public_index(index)
        {
            return Err(InvalidUvPin(
                "defaultIndex must be an https URL without credentials, query or fragment".to_owned(),
            ));
        }
        for platform in Platform::ALL {
            let Some(wheel) = self.wheels.get(&platform) else {
                return Err(InvalidUvPin(format!("it has no wheel for {platform}")));
            };
            let start = format!("uv-{}-py3-none-", self.version);
            let is_wheel = wheel.file.starts_with(&start) && wheel.file.ends_with(".whl");
            if !is_wheel || wheel.file.contains(['/', '\\']) || wheel.bytes == 0 {
                return Err(InvalidUvPin(format!(
                    "`{}` is not a wheel of uv {} for {platform}",
                    wheel.file.escape_debug(),
                    self.version
                )));
            }
        }
        Ok(self)
    }
}

fn is_public_index(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

impl PinnedWheel {
    /// Whether these are its bytes.
    pub fn is(&self, bytes: &[u8]) -> bool {
        let found = ContentId {
            sha256: Sha256Digest::of(bytes),
            bytes: bytes.len() as u64,
        };
        found.sha256 == self.sha256 && found.bytes == self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> serde_json::Value {
        let wheel = |platform: Platform| {
            let wheel = serde_json::json!({
                "file": format!("uv-1.2.3-py3-none-{platform}.whl"), "bytes": 7, "sha256": "a".repeat(64),
            });
            (platform.as_str().to_owned(), wheel)
        };
        let wheels: serde_json::Map<String, serde_json::Value> =
            Platform::ALL.map(wheel).into_iter().collect();
        serde_json::json!({"schemaVersion": 1, "version": "1.2.3", "wheels": wheels})
    }

    #[test]
    fn a_pin_is_read_as_it_was_written_and_anything_else_is_refused() {
        let good = UvPin::parse(document().to_string().as_bytes()).expect("a pin");
        let stamped = good
            .clone()
            .with_default_index("https://index.example/simple".to_owned());
        for pin in [good, stamped.expect("a pin")] {
            assert_eq!(UvPin::parse(pin.to_text().as_bytes()).expect("a pin"), pin);
        }
        for (pointer, value) in [
            ("/schemaVersion", serde_json::json!(2)),
            ("/version", serde_json::json!("1.2.4")),
            ("/wheels", serde_json::json!({})),
            (
                "/wheels/linux-x64/file",
                serde_json::json!("../uv-1.2.3-py3-none-any.whl"),
            ),
            (
                "/wheels/linux-x64/file",
                serde_json::json!("uv-1.2.3-py3-none-a/b.whl"),
            ),
            ("/wheels/linux-x64/file", serde_json::json!("uv-1.2.3.tar.gz")),
            ("/wheels/linux-x64/bytes", serde_json::json!(0)),
            ("/wheels/linux-x64/sha256", serde_json::json!("A")),
            ("/wheels/linux-x64/url", serde_json::json!("https://host/")),
            ("/host", serde_json::json!("https://host/")),
            ("/defaultIndex", serde_json::json!("")),
            ("/defaultIndex", serde_json::json!("index.example/simple")),
            ("/defaultIndex", serde_json::json!("https://")),
            ("/defaultIndex", serde_json::json!("http://index.example/simple")),
            ("/defaultIndex", serde_json::json!("file:///simple")),
            (
                "/defaultIndex",
                serde_json::json!("https://ada@index.example/simple"),
            ),
            (
                "/defaultIndex",
                serde_json::json!("https://:key@index.example/simple"),
            ),
            (
                "/defaultIndex",
                serde_json::json!("https://index.example/simple?a=b"),
            ),
            (
                "/defaultIndex",
                serde_json::json!("https://index.example/simple#a"),
            ),
        ] {
            let mut document = document();
            match document.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => {
                    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
                    document.pointer_mut(parent).expect("a parent")[key] = value;
                }
            }
            assert!(
                UvPin::parse(document.to_string().as_bytes()).is_err(),
                "{pointer}"
            );
        }
    }
}
