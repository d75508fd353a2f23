//! Sets of the features that a runtime can be installed with.
//!
//! A set always holds `core` and lists its members in one order. The asset manifest decides what a feature installs.

use std::fmt;

pub use ktx_manifest::{Feature, UnknownFeature};
use serde::{Deserialize, Serialize};

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

    /// The features beside `core`, if there are any, else `core`: what a user would ask for.
    pub fn named(&self) -> impl Iterator<Item = Feature> + '_ {
        let core_alone = self.0.len() == 1;
        self.iter()
            .filter(move |feature| core_alone || *feature != Feature::Core)
    }

    /// `--feature a --feature b`, nothing for `core` alone.
    pub fn flags(&self) -> String {
        let added = self.iter().filter(|feature| *feature != Feature::Core);
        added.map(|feature| format!(" --feature {feature}")).collect()
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
        assert_eq!(set.flags(), " --feature local-embeddings");
        let two = FeatureSet::new([Feature::Mysql, Feature::Duckdb]);
        assert_eq!(two.to_string(), "core, duckdb, mysql");
        assert_eq!(two.named().collect::<Vec<_>>(), [Feature::Duckdb, Feature::Mysql]);
        assert_eq!(FeatureSet::new([]).named().collect::<Vec<_>>(), [Feature::Core]);
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
