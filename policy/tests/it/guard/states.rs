//! Registry states that the guard's tests share.

use std::sync::LazyLock;

use ktx_policy::Lane;
use ktx_policy::guard::{
    Commands, FirstLatest, Integrity, PackageState, Provenance, PublishRequest, RegistryState, ReleasePage,
    Released, TrustDowngrade, VersionFacts,
};

/// The bytes that the tests publish.
pub const OURS: &str = "sha512-ours";

/// A package whose tags and versions are given as words: `latest=0.1.0`, `0.1.0`, `0.1.0!other` for other bytes,
/// `0.1.0+attested` for provenance, `0.1.0!deprecated`, `0.1.0?` for unknown bytes, `~0.1.0` for a removed number.
pub fn package(words: &str) -> RegistryState {
    let mut state = PackageState::default();
    for word in words.split_whitespace() {
        if let Some((tag, version)) = word.split_once('=') {
            state.tags.insert(tag.into(), version.into());
        } else if let Some(burned) = word.strip_prefix('~') {
            state.burned.insert(burned.into());
        } else {
            let deprecated = word.strip_suffix("!deprecated");
            let (version, integrity, provenance) = facts(deprecated.unwrap_or(word));
            let integrity = integrity.map(|text| Integrity(text.into()));
            let facts = VersionFacts {
                integrity,
                provenance,
                published_at: None,
                deprecated: deprecated.map(|_| "broken".to_owned()),
            };
            state.versions.insert(version.into(), facts);
        }
    }
    RegistryState::Package(state)
}

fn facts(word: &str) -> (&str, Option<&'static str>, Provenance) {
    if let Some(version) = word.strip_suffix("!other") {
        (version, Some("sha512-theirs"), Provenance::Missing)
    } else if let Some(version) = word.strip_suffix("+attested") {
        (version, Some(OURS), Provenance::Attested)
    } else if let Some(version) = word.strip_suffix('?') {
        (version, None, Provenance::Missing)
    } else {
        (word, Some(OURS), Provenance::Missing)
    }
}

/// The lanes of the tests' policy.
pub static LANES: LazyLock<Vec<Lane>> = LazyLock::new(|| vec!["1.0".parse().unwrap()]);

/// Commands as they are proposed when no flags were given.
pub static PLAIN: Commands = Commands {
    registry: String::new(),
    artifacts: String::new(),
    revision: String::new(),
    smoke: String::new(),
    npm: String::new(),
};

/// A request without provenance or acceptances, under a policy with `next`.
pub fn request<'a>(version: &'a str, tag: &'a str, integrity: &'a Integrity) -> PublishRequest<'a> {
    PublishRequest {
        version,
        tag,
        policy_tag: "next",
        lanes: &LANES,
        integrity: Some(integrity),
        provenance: Provenance::Missing,
        first_latest: FirstLatest::Refused,
        trust_downgrade: TrustDowngrade::Refused,
        commands: &PLAIN,
    }
}

/// What git tags and release pages of these versions say.
pub fn released(git_tags: &[String], pages: &[String]) -> Released {
    let pages = pages.iter().map(|version| ReleasePage {
        version: version.parse().unwrap(),
        registry: None,
        receipt: false,
    });
    Released {
        git_tags: git_tags.iter().map(|version| version.parse().unwrap()).collect(),
        pages: pages.collect(),
    }
}
