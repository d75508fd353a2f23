//! What is known about a package outside of its registry, which an answer of the registry must not contradict.

use ktx_policy::ReleaseVersion;

use super::packument::Packument;

/// Other evidence of what was published.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Versions that receipts say this registry served.
    pub receipts: Vec<String>,
    /// Versions of the git tags `v<version>`.
    pub released: Vec<ReleaseVersion>,
}

impl Known {
    /// How the answer contradicts what is known, if it does. A removed version keeps its number, so one that was served
    /// and is not known any more means that the answer is old.
    pub(super) fn contradiction(&self, answer: Option<&Packument>) -> Option<String> {
        let Some(packument) = answer else {
            let receipt = self
                .receipts
                .first()
                .map(|version| format!("a receipt of {version}"));
            let tag = self
                .released
                .first()
                .map(|version| format!("the git tag v{version}"));
            let witness = receipt.or(tag)?;
            return Some(format!(
                "the registry answers that it does not have the package, but {witness} says that it was published"
            ));
        };
        let is_known = |version: &String| {
            packument.versions.contains_key(version)
                || packument.unreadable.contains(version)
                || packument.burned.contains(version)
        };
        let missing = self.receipts.iter().find(|version| !is_known(version))?;
        Some(format!(
            "the registry's answer is old: it does not list {missing}, which it served by a receipt"
        ))
    }
}
