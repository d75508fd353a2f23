//! Release pages and the files on them.

use ktx_manifest::Sha256Digest;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::ReleasePage;
use ktx_publish::PublishError;
use ktx_publish::receipt::RECEIPT_FILE;
use serde::{Deserialize, Serialize};

use super::client::Repository;

/// The most that GitHub puts on a page of a list.
const PAGE: usize = 100;

/// The line of the notes that names the registry, in backquotes.
const REGISTRY: &str = "Published on: `";

/// The notes of a version that `registry` serves.
pub fn notes_on(registry: &RegistryUrl, notes: &str) -> String {
    format!("{}\n\n{REGISTRY}{registry}`\n", notes.trim_end())
}

/// A release page as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GithubRelease {
    pub id: u64,
    pub tag_name: String,
    pub draft: bool,
    pub prerelease: bool,
    pub html_url: String,
    /// Where files are uploaded to, with `{?name,label}` at its end.
    pub upload_url: String,
    /// Whether it can still be changed once it is published.
    #[serde(default)]
    pub immutable: bool,
    /// The notes.
    #[serde(default)]
    pub body: Option<String>,
    /// The files on it, where GitHub lists them with the page.
    #[serde(default)]
    pub assets: Vec<Asset>,
}

impl GithubRelease {
    /// Whether a file of this name is on the page, whole.
    pub fn has_asset(&self, name: &str) -> bool {
        let mut assets = self.assets.iter();
        assets.any(|asset| asset.name == name && asset.state == AssetState::Uploaded)
    }

    /// The page as evidence of what was released; a draft is not evidence.
    pub fn witness(&self) -> Option<ReleasePage> {
        let version = self.tag_name.strip_prefix('v')?.parse().ok()?;
        let mut lines = self.body.as_deref().unwrap_or_default().lines();
        let registry = lines.find_map(|line| line.strip_prefix(REGISTRY)?.strip_suffix('`'));
        (!self.draft).then(|| ReleasePage {
            version,
            registry: registry.and_then(|address| address.parse().ok()),
            receipt: self.has_asset(RECEIPT_FILE),
        })
    }
}

/// A file on a release page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Asset {
    pub id: u64,
    pub name: String,
    pub size: u64,
    pub state: AssetState,
    /// `sha256:…`; absent on files that were uploaded before GitHub computed it.
    pub digest: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssetState {
    Uploaded,
    /// An upload that was not finished leaves such a file, which is in the way of the next one.
    #[serde(other)]
    Starter,
}

/// A release page to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewRelease {
    pub tag_name: String,
    pub target_commitish: String,
    pub name: String,
    pub body: String,
    pub draft: bool,
    pub prerelease: bool,
}

impl Repository {
    /// The page of a tag: the published one, else the oldest draft. A draft has no tag that it could be asked for by, so
    /// the pages are listed.
    pub fn release_of(&self, tag: &str) -> Result<Option<GithubRelease>, PublishError> {
        let releases: Vec<GithubRelease> = self.list("releases")?;
        let mut found: Vec<_> = releases
            .into_iter()
            .filter(|release| release.tag_name == tag)
            .collect();
        found.sort_by_key(|release| (release.draft, release.id));
        Ok(found.into_iter().next())
    }

    /// Every page, drafts included where the token may see them.
    pub fn releases(&self) -> Result<Vec<GithubRelease>, PublishError> {
        self.list("releases")
    }

    pub fn create_release(&self, release: &NewRelease) -> Result<GithubRelease, PublishError> {
        self.post("releases", release)
    }

    /// Makes a draft public. `Latest` goes to the highest stable version, as GitHub decides it.
    pub fn publish_release(&self, id: u64, prerelease: bool) -> Result<GithubRelease, PublishError> {
        #[derive(Serialize)]
        struct Published {
            draft: bool,
            prerelease: bool,
            make_latest: &'static str,
        }
        let make_latest = if prerelease { "false" } else { "legacy" };
        self.patch(
            &format!("releases/{id}"),
            &Published {
                draft: false,
                prerelease,
                make_latest,
            },
        )
    }

    pub fn assets(&self, release: u64) -> Result<Vec<Asset>, PublishError> {
        self.list(&format!("releases/{release}/assets"))
    }

    pub fn upload_asset(
        &self,
        release: &GithubRelease,
        name: &str,
        bytes: &[u8],
    ) -> Result<Asset, PublishError> {
        let address = release.upload_url.split('{').next().unwrap_or_default();
        let media_type = match name.rsplit_once('.') {
            Some((_, "json")) => "application/json",
            Some((_, "html")) => "text/html",
            Some((_, "tgz" | "gz")) => "application/gzip",
            Some((_, "whl")) => "application/zip",
            _ => "text/plain",
        };
        self.upload(&format!("{address}?name={name}"), media_type, bytes)
    }

    /// Digest of a file on a page: GitHub's own, or that of the bytes it serves.
    pub fn asset_digest(&self, asset: &Asset) -> Result<Sha256Digest, PublishError> {
        let digest = asset
            .digest
            .as_deref()
            .and_then(|digest| digest.strip_prefix("sha256:"));
        match digest.and_then(|digest| digest.parse().ok()) {
            Some(digest) => Ok(digest),
            None => Ok(Sha256Digest::of(
                self.download(&format!("releases/assets/{}", asset.id))?,
            )),
        }
    }

    /// Removes what an unfinished upload left behind.
    pub fn remove_unfinished(&self, asset: u64) -> Result<(), PublishError> {
        self.delete(&format!("releases/assets/{asset}"))
    }

    fn list<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, PublishError> {
        let mut all = Vec::new();
        for page in 1.. {
            let some: Vec<T> = self.get(&format!("{path}?per_page={PAGE}&page={page}"))?;
            let is_last = some.len() < PAGE;
            all.extend(some);
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}
