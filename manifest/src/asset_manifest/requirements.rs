//! The locked requirements in an asset manifest: a file for every feature that this version knows, and no other.

use std::collections::BTreeMap;
use std::fmt;

use ktx_names::Feature;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::BundledFile;

/// The hash-locked requirement files beside the manifest, one for each feature, each a full closure by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Requirements(BTreeMap<Feature, BundledFile>);

impl Requirements {
    /// Asks for the file of every feature.
    ///
    /// # Errors
    /// The first error of `file`.
    pub fn of_each<E>(mut file: impl FnMut(Feature) -> Result<BundledFile, E>) -> Result<Self, E> {
        let files = Feature::ALL.map(|feature| Ok((feature, file(feature)?)));
        Ok(Self(files.into_iter().collect::<Result<_, E>>()?))
    }

    /// Every feature with its file, in the order of the features.
    pub fn iter(&self) -> impl Iterator<Item = (Feature, &BundledFile)> {
        self.0.iter().map(|(feature, file)| (*feature, file))
    }
}

impl<'de> Deserialize<'de> for Requirements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Files)
    }
}

/// Reads what a map of serde would take in silence: a feature that is named twice, and one that is missing.
struct Files;

impl<'de> Visitor<'de> for Files {
    type Value = Requirements;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a file for each feature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Requirements, A::Error> {
        let mut files = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let unknown = |_| A::Error::custom(format!("unknown field `{}`", name.escape_debug()));
            let feature: Feature = name.parse().map_err(unknown)?;
            if files.insert(feature, map.next_value()?).is_some() {
                return Err(A::Error::custom(format!("duplicate field `{feature}`")));
            }
        }
        match Feature::ALL.iter().find(|feature| !files.contains_key(feature)) {
            Some(missing) => Err(A::Error::custom(format!("missing field `{missing}`"))),
            None => Ok(Requirements(files)),
        }
    }
}
