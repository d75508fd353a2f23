//! The features a runtime can be installed with, and sets of them.
//!
//! A set always holds `core` and lists its members in one order. The asset manifest decides what a feature installs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A level of the Python payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// The semantic layer, SQL analysis and introspection.
    Core,
    /// `core` and sentence-transformers for embeddings computed on this machine.
    LocalEmbeddings,
}

impl Feature {
    /// Every feature, in the order in which they are listed.
    pub const ALL: [Feature; 2] = [Feature::Core, Feature::LocalEmbeddings];

    /// The name on the command line and in manifests.
    pub const fn name(self) -> &'static str {
        match self {
            Feature::Core => "core",
            Feature::LocalEmbeddings => "local-embeddings",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is not a feature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown runtime feature `{0}`: expected one of core, local-embeddings")]
pub struct UnknownFeature(pub String);

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(text: &str) -> Result<Feature, UnknownFeature> {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.name() == text)
            .ok_or_else(|| UnknownFeature(text.to_owned()))
    }
}

/// Features in their order, without repeats, `core` always among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FeatureSet(Vec<Feature>);

impl FeatureSet {
    /// The set of the given features and `core`.
    pub fn new(features: impl IntoIterator<Item = Feature>) -> FeatureSet {
        let mut listed: Vec<Feature> = features.into_iter().chain([Feature::Core]).collect();
        listed.sort();
        listed.dedup();
        FeatureSet(listed)
    }

    /// Whether every feature of `wanted` is in this set; more than that is fine.
    pub fn covers(&self, wanted: &FeatureSet) -> bool {
        wanted.0.iter().all(|feature| self.0.contains(feature))
    }

    /// Both sets together.
    #[must_use]
    pub fn union(&self, other: &FeatureSet) -> FeatureSet {
        FeatureSet::new(self.0.iter().chain(&other.0).copied())
    }

    /// The highest feature, whose requirements include those of the others.
    pub fn highest(&self) -> Feature {
        self.0.last().copied().unwrap_or(Feature::Core)
    }

    /// The features in order.
    pub fn iter(&self) -> impl Iterator<Item = Feature> + '_ {
        self.0.iter().copied()
    }
}

impl From<Feature> for FeatureSet {
    fn from(feature: Feature) -> FeatureSet {
        FeatureSet::new([feature])
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Feature::name).collect();
        formatter.write_str(&names.join(", "))
    }
}

impl<'de> Deserialize<'de> for FeatureSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<FeatureSet, D::Error> {
        let listed = Vec::<Feature>::deserialize(deserializer)?;
        if listed.is_empty() {
            return Err(serde::de::Error::custom("features must not be empty"));
        }
        Ok(FeatureSet::new(listed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_is_always_there_and_the_order_is_fixed() {
        let set = FeatureSet::new([Feature::LocalEmbeddings, Feature::LocalEmbeddings]);
        assert_eq!(set.to_string(), "core, local-embeddings");
        assert_eq!(set.highest(), Feature::LocalEmbeddings);
        assert_eq!(FeatureSet::new([]).to_string(), "core");
    }

    #[test]
    fn a_superset_covers_and_a_subset_does_not() {
        let core = FeatureSet::from(Feature::Core);
        let all = FeatureSet::from(Feature::LocalEmbeddings);
        assert!(all.covers(&core));
        assert!(!core.covers(&all));
        assert_eq!(core.union(&all), all);
    }

    #[test]
    fn reads_names_and_refuses_others() {
        for feature in Feature::ALL {
            assert_eq!(feature.name().parse(), Ok(feature));
        }
        for name in ["", "Core", "core ", "local_embeddings", "all"] {
            assert_eq!(name.parse::<Feature>(), Err(UnknownFeature(name.to_owned())));
        }
        assert!(serde_json::from_str::<FeatureSet>("[]").is_err());
    }
}
