//! What GitHub lacks of a version's tag and release page. Nothing is written.

use std::collections::BTreeMap;
use std::fmt;

use ktx_inspect::bytes;
use ktx_names::NPM_PACKAGE;
use ktx_policy::readiness::SourceFacts;
use ktx_policy::{Channel, RegistryUrl};
use ktx_publish::artifacts::{Location, changelog};
use ktx_publish::npm::Npm;
use ktx_publish::receipt::ReceiptBook;
use ktx_publish::registry::Known;
use ktx_publish::{Desk, Environment, PublishError, registry};
use serde::Serialize;

use super::assets::files;
use super::page_file::{PageFile, Role};
use crate::facts::Release;
use crate::github::{Asset, AssetState, GithubRelease, Repository, notes_on};

/// What to announce, and from where.
#[derive(Debug, Clone)]
pub struct AnnounceOptions {
    pub location: Location,
    pub sources: SourceFacts,
    /// The registry that was asked for; must be the policy's when that names one.
    pub registry: Option<RegistryUrl>,
}

/// An announcement that may be made.
#[derive(Debug)]
pub struct Announcement {
    pub(super) repository: Repository,
    /// `v0.1.0`
    pub tag: String,
    /// The commit that the package was built from.
    pub revision: String,
    pub prerelease: bool,
    pub(super) tag_message: String,
    pub(super) notes: String,
    pub(super) release: Option<GithubRelease>,
    pub(super) files: Vec<PageFile>,
    /// The steps, in this order.
    pub steps: Vec<Step>,
    /// What already exists, or was skipped.
    pub notices: Vec<String>,
}

/// One change on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    CreateTag {
        tag: String,
        revision: String,
    },
    CreateDraft {
        tag: String,
        prerelease: bool,
    },
    /// An unfinished upload blocks it.
    RemoveUnfinished {
        name: String,
        id: u64,
    },
    Upload {
        name: String,
        size: u64,
    },
    PublishRelease {
        tag: String,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTag { tag, revision } => {
                write!(formatter, "create the annotated tag {tag} at {revision}")
            }
            Self::CreateDraft { tag, prerelease } => {
                let kind = if *prerelease { "prerelease" } else { "release" };
                write!(formatter, "create a draft of the {kind} {tag}")
            }
            Self::RemoveUnfinished { name, .. } => {
                write!(formatter, "remove the unfinished upload of {name}")
            }
            Self::Upload { name, size } => write!(formatter, "upload {name} ({})", bytes(*size)),
            Self::PublishRelease { tag } => write!(formatter, "publish the release {tag}"),
        }
    }
}

/// Finds out what to do. A version is announced when the registry serves the bytes at hand, and not before.
pub fn plan(
    options: &AnnounceOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<Announcement, PublishError> {
    let version = &options.sources.version;
    if matches!(version.channel(), Some(Channel::Branch { .. })) {
        return Err(PublishError::Forbidden {
            code: "branch-version",
            message: format!("{version} is a version of a branch, which has no release page"),
            hint: "announce release candidates and stable versions; to see them: cargo xtask status"
                .to_owned(),
        });
    }
    let section = changelog(&options.location.changelog, version)?;
    let release = Release::gather(&options.location, &options.sources)?;
    let revision = release.readiness.source_revision.clone();
    let (Some(tarball), Some(revision)) = (&release.tarball, revision) else {
        return Err(PublishError::Prerequisite {
            message: format!("there are no verified artifacts of {version} that were built from a commit"),
            hint: "cargo xtask check".to_owned(),
        });
    };
    let npm = Npm::new(environment)?;
    let registry = registry::chosen(
        &release.policy,
        options.registry.as_ref(),
        environment,
        &npm,
        desk,
    )?;
    let known = Known {
        receipts: ReceiptBook::in_folder(&options.location.reports).served(registry.url(), desk),
        ..Known::default()
    };
    let packument = registry.published(NPM_PACKAGE, &known)?;
    let published = packument
        .as_ref()
        .and_then(|packument| packument.versions.get(&version.to_string()));
    match published.map(|published| published.dist.integrity.as_ref()) {
        None => {
            return Err(PublishError::Forbidden {
                code: "not-published",
                message: format!(
                    "{} does not have {NPM_PACKAGE}@{version}, so there is nothing to announce",
                    registry.url()
                ),
                hint: "publish it first; for the next command: cargo xtask status".to_owned(),
            });
        }
        Some(integrity) if integrity != Some(tarball.integrity()) => {
            return Err(PublishError::Integrity {
                message: format!(
                    "{} has other bytes for {NPM_PACKAGE}@{version} than the artifacts here",
                    registry.url()
                ),
                hint: "announce from the artifacts that were published: cargo xtask announce --artifacts DIR"
                    .to_owned(),
            });
        }
        Some(_) => {}
    }
    let url = tarball.package().repository().unwrap_or_default();
    let mut announcement = Announcement {
        repository: Repository::named(url, environment)?,
        tag: format!("v{version}"),
        tag_message: format!("{NPM_PACKAGE} {version}\n\nintegrity: {}\n", tarball.integrity()),
        notes: notes_on(registry.url(), &release.notes(&section)),
        prerelease: version.is_prerelease(),
        revision,
        release: None,
        files: files(&options.location, &release, tarball)?,
        steps: Vec::new(),
        notices: Vec::new(),
    };
    announcement.look()?;
    Ok(announcement)
}

impl Announcement {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether GitHub can be asked to change anything.
    pub fn has_token(&self) -> bool {
        self.repository.has_token()
    }

    /// Compares what GitHub has with what it should have.
    fn look(&mut self) -> Result<(), PublishError> {
        match self.repository.tagged_commit(&self.tag)? {
            Some(commit) if commit == self.revision => {
                self.notices.push(format!("the tag {} is there", self.tag))
            }
            Some(commit) => {
                return Err(PublishError::Integrity {
                    message: format!(
                        "the tag {} is at {commit}, but the package was built from {}",
                        self.tag, self.revision
                    ),
                    hint: format!("find out who made the tag: git show {}", self.tag),
                });
            }
            None => self.steps.push(Step::CreateTag {
                tag: self.tag.clone(),
                revision: self.revision.clone(),
            }),
        }
        self.release = self.repository.release_of(&self.tag)?;
        let Some(release) = self.release.clone() else {
            self.steps.push(Step::CreateDraft {
                tag: self.tag.clone(),
                prerelease: self.prerelease,
            });
            self.steps.extend(self.files.iter().map(upload));
            self.steps.push(Step::PublishRelease {
                tag: self.tag.clone(),
            });
            return Ok(());
        };
        let kind = if release.draft { "a draft" } else { "the release" };
        self.notices
            .push(format!("{kind} of {} is there: {}", self.tag, release.html_url));
        let assets = self.repository.assets(release.id)?;
        self.compare(&release, assets)?;
        if release.draft {
            self.steps.push(Step::PublishRelease {
                tag: self.tag.clone(),
            });
        }
        Ok(())
    }

    fn compare(&mut self, release: &GithubRelease, assets: Vec<Asset>) -> Result<(), PublishError> {
        let there: BTreeMap<&str, &Asset> = assets.iter().map(|asset| (asset.name.as_str(), asset)).collect();
        let mut missing = Vec::new();
        for file in &self.files {
            match there.get(file.name.as_str()) {
                None => missing.push(file.name.clone()),
                Some(asset) if asset.state == AssetState::Starter => {
                    self.steps.push(Step::RemoveUnfinished {
                        name: asset.name.clone(),
                        id: asset.id,
                    });
                    missing.push(file.name.clone());
                }
                Some(asset) if self.repository.asset_digest(asset)? == file.digest() => {}
                Some(_) if file.role == Role::Report => {
                    self.notices.push(format!(
                        "{} was rewritten since; the page keeps its own",
                        file.name
                    ));
                }
                Some(_) => return Err(other_bytes(&file.name, release)),
            }
        }
        if release.immutable && !release.draft && !missing.is_empty() {
            return Err(PublishError::Forbidden {
                code: "release-immutable",
                message: format!(
                    "{} is published and cannot be changed, but lacks {}",
                    release.html_url,
                    missing.join(", ")
                ),
                hint: "the repository makes published releases immutable; the next version has all files"
                    .to_owned(),
            });
        }
        self.steps.extend(
            self.files
                .iter()
                .filter(|file| missing.contains(&file.name))
                .map(upload),
        );
        Ok(())
    }
}

fn upload(file: &PageFile) -> Step {
    Step::Upload {
        name: file.name.clone(),
        size: file.bytes.len() as u64,
    }
}

pub(super) fn other_bytes(name: &str, release: &GithubRelease) -> PublishError {
    PublishError::Integrity {
        message: format!(
            "{} has other bytes for {name} than were published",
            release.html_url
        ),
        hint: "find out who uploaded it; nothing was overwritten".to_owned(),
    }
}
