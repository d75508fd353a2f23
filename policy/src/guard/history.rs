//! What a tag has pointed at, as far as is known: from receipts, and from the registry, the git tags and the release
//! pages, which every clone can reach.

use crate::registry_url::RegistryUrl;
use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::facts::PackageState;

/// What is known outside of the registry.
#[derive(Debug, Clone, Default)]
pub struct Witnesses {
    /// Versions that receipts say the tag has pointed at.
    pub receipts: Vec<String>,
    /// Versions that a receipt says the tag was rolled back from.
    pub withdrawn: Vec<String>,
    /// The last thing that a receipt says was done to the tag, when it was a rollback.
    pub last_rollback: Option<PastRollback>,
    /// What was released, by anybody.
    pub released: Released,
}

/// What was released, by witnesses that every clone can reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Released {
    /// The versions of the git tags `v<version>`.
    pub git_tags: Vec<ReleaseVersion>,
    /// The release pages that are published.
    pub pages: Vec<ReleasePage>,
}

impl Released {
    /// The same without the pages that are about another registry.
    pub fn about(&self, registry: &RegistryUrl) -> Self {
        let is_about = |page: &&ReleasePage| page.registry.as_ref().is_none_or(|named| named == registry);
        Self {
            git_tags: self.git_tags.clone(),
            pages: self.pages.iter().filter(is_about).cloned().collect(),
        }
    }
}

/// A published release page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePage {
    /// The version whose page it is.
    pub version: ReleaseVersion,
    /// The registry that it names; a page that was made by hand names none.
    pub registry: Option<RegistryUrl>,
    /// Whether it has the receipt of the publication: then the registry has had the version.
    pub receipt: bool,
}

/// A rollback that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRollback {
    /// The version that was left.
    pub broken: String,
    /// The version that the tag was moved to.
    pub to: String,
}

/// The evidence that a tag pointed at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The registry has the version, and this tag is where its channel goes.
    Registry,
    /// The registry has the version, and its release page says that it was released.
    Page,
    /// The registry has the version, and a git tag says that it was released.
    GitTag,
    /// A receipt says so.
    Receipt,
}

impl Evidence {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Registry => "by the registry's versions; no receipt confirms it",
            Self::Page => "by the registry's versions and the release pages; no receipt confirms it",
            Self::GitTag => "by the registry's versions and the git tags; no receipt confirms it",
            Self::Receipt => "by a receipt",
        }
    }
}

/// The best evidence that `tag` pointed at `version`. `latest` takes only what is known to have been released:
/// a stable version may have stayed under `next` for good.
pub(super) fn evidence(
    version: &ReleaseVersion,
    tag: &DistTag,
    state: &PackageState,
    witnesses: &Witnesses,
) -> Option<Evidence> {
    let name = version.to_string();
    if witnesses.receipts.contains(&name) {
        return Some(Evidence::Receipt);
    }
    if !state.versions.contains_key(&name) || !DistTag::of(version).contains(tag) {
        return None;
    }
    match tag {
        DistTag::Latest => {
            let Released { git_tags, pages } = &witnesses.released;
            let has_page = || pages.iter().any(|page| page.version == *version);
            match git_tags.contains(version) {
                true => Some(Evidence::GitTag),
                false => has_page().then_some(Evidence::Page),
            }
        }
        DistTag::Next => was_the_highest(version, state).then_some(Evidence::Registry),
        DistTag::Release(_) | DistTag::Branch(_) => Some(Evidence::Registry),
    }
}

/// Whether nothing higher under `next` had been published before `version`; a fix of an older lane never was there.
fn was_the_highest(version: &ReleaseVersion, state: &PackageState) -> bool {
    let time = |name: &str| {
        state
            .versions
            .get(name)
            .and_then(|facts| facts.published_at.clone())
    };
    let own = time(&version.to_string());
    state.versions.keys().all(|name| {
        let other = name.parse::<ReleaseVersion>().ok();
        let is_higher = other
            .is_some_and(|other| other.is_above(version) && DistTag::of(&other).contains(&DistTag::Next));
        match (is_higher, time(name), &own) {
            (true, Some(other), Some(own)) => other > *own,
            // Without times, the higher one came later.
            _ => true,
        }
    })
}
