//! What is known about a package outside of its registry, which an answer of the registry must not contradict.

use ktx_policy::guard::Released;

use super::packument::Packument;

/// Other evidence of what was published.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Versions that receipts say this registry served.
    pub receipts: Vec<String>,
    /// What the git tags and the release pages say.
    pub released: Released,
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
                .git_tags
                .first()
                .map(|version| format!("the git tag v{version}"));
            let pages = self.released.pages.iter();
            let page = pages.max_by(|one, other| one.version.precedence(&other.version));
            let page = page.map(|page| format!("the release page of {}", page.version));
            let witness = receipt.or(tag).or(page)?;
            return Some(format!(
                "the registry answers that it does not have the package, but {witness} says that it was published"
            ));
        };
        let is_known = |version: &String| {
            packument.versions.contains_key(version)
                || packument.unreadable.contains(version)
                || packument.burned.contains(version)
        };
        if let Some(missing) = self.receipts.iter().find(|version| !is_known(version)) {
            return Some(format!(
                "the registry's answer is old: it does not list {missing}, which it served by a receipt"
            ));
        }
        let pages = self.released.pages.iter().filter(|page| page.receipt);
        let missing = pages
            .map(|page| page.version.to_string())
            .find(|version| !is_known(version))?;
        Some(format!(
            "the registry's answer is old: it does not list {missing}, whose release page has the receipt of its publication"
        ))
    }
}

#[cfg(test)]
mod tests {
    use ktx_policy::guard::ReleasePage;

    use super::*;

    /// `receipt=`, `tag=`, `page=` and `receipt-page=` beside the registry's versions, or `-` for an absent package.
    #[track_caller]
    fn check(known: &str, registry: &str, expected: Option<&str>) {
        let listed = |name: &str| -> Vec<String> {
            let words = known.split(' ').filter_map(|word| word.strip_prefix(name));
            words.map(str::to_owned).collect()
        };
        let page = |version: &String, receipt| ReleasePage {
            version: version.parse().unwrap(),
            registry: None,
            receipt,
        };
        let pages = listed("page=")
            .iter()
            .map(|version| page(version, false))
            .collect();
        let mut known = Known {
            receipts: listed("receipt="),
            released: Released {
                git_tags: listed("tag=")
                    .iter()
                    .map(|version| version.parse().unwrap())
                    .collect(),
                pages,
            },
        };
        let with_receipt = listed("receipt-page=");
        known
            .released
            .pages
            .extend(with_receipt.iter().map(|version| page(version, true)));
        let packument = (registry != "-").then(|| Packument {
            unreadable: registry.split(' ').map(str::to_owned).collect(),
            burned: ["0.0.9".to_owned()].into(),
            ..Packument::default()
        });
        let found = known.contradiction(packument.as_ref());
        assert_eq!(
            found.is_some(),
            expected.is_some(),
            "{known:?} {registry}: {found:?}"
        );
        let witness = expected.unwrap_or_default();
        assert!(
            found.unwrap_or_default().contains(witness),
            "{known:?} {registry}"
        );
    }

    #[test]
    fn an_answer_that_a_witness_contradicts_is_not_believed() {
        check("", "-", None);
        check("receipt=0.1.0", "-", Some("a receipt of 0.1.0"));
        check("tag=0.1.0", "-", Some("the git tag v0.1.0"));
        check("page=0.1.0", "-", Some("the release page of 0.1.0"));
        check("receipt-page=0.1.0", "-", Some("the release page of 0.1.0"));
        check(
            "receipt=0.2.0",
            "0.1.0",
            Some("does not list 0.2.0, which it served"),
        );
        check(
            "receipt-page=0.1.0 receipt-page=0.2.0",
            "0.1.0",
            Some("does not list 0.2.0, whose release page"),
        );
        // A tag or a page can be made before a publication, by hand; a removed version keeps its number.
        check("tag=0.2.0 page=0.2.0", "0.1.0", None);
        check("receipt=0.0.9 receipt-page=0.0.9", "0.1.0", None);
    }
}
