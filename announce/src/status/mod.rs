//! The state of the releases, from the registry, the git tags and the release pages alone, and what to do next.

mod next;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{Provenance, Released, VersionFacts};
use ktx_policy::readiness::SourceFacts;
use ktx_policy::{Channel, RegistryUrl, ReleaseVersion};
use ktx_publish::artifacts::{Location, read_policy};
use ktx_publish::npm::Npm;
use ktx_publish::registry::{Known, Packument};
use ktx_publish::{Desk, Environment, PublishError, registry};
use serde::Serialize;

use crate::github::{GithubRelease, Repository};

/// Versions that are listed, newest last.
const LISTED: usize = 12;

/// Where to look.
#[derive(Debug, Clone)]
pub struct StatusOptions {
    pub location: Location,
    /// The version of the workspace.
    pub sources: SourceFacts,
    /// The registry that was asked for; must be the policy's when that names one.
    pub registry: Option<RegistryUrl>,
    /// The git tags that the checkout knows.
    pub git_tags: BTreeSet<String>,
    /// `repository.url` of `package.json`.
    pub repository: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub registry: String,
    /// The version of the workspace.
    pub workspace: String,
    pub tags: Vec<TagStatus>,
    pub versions: Vec<VersionStatus>,
    /// What was begun and not finished.
    pub unfinished: Vec<String>,
    /// What could not be found out.
    pub unknown: Vec<String>,
    pub next: ProposedCommand,
}

/// A dist-tag and the version that it points at. The tag cannot be older than that version; registries do not say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TagStatus {
    pub tag: String,
    pub version: String,
    /// When the version was published.
    pub not_before: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionStatus {
    pub version: String,
    pub published_at: Option<String>,
    pub provenance: Provenance,
    pub deprecated: Option<String>,
    /// Whether the checkout has the git tag.
    pub git_tag: bool,
    pub page: Page,
    /// Whether the page has a report of the package as the registry serves it.
    pub proven: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Page {
    Published,
    Draft,
    Missing,
    Unknown,
}

/// A command that the guard accepts, and why it is next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProposedCommand {
    pub command: String,
    pub reason: String,
}

/// Asks registry and GitHub. GitHub may be out of reach: then nothing is said about the pages.
pub fn status(
    options: &StatusOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<Status, PublishError> {
    let (policy, _) = read_policy(&options.location.policy)?;
    let npm = Npm::new(environment)?;
    let registry = registry::chosen(&policy, options.registry.as_ref(), environment, &npm, desk)?;
    let mut unknown = Vec::new();
    let pages = match pages(options, environment) {
        Ok(pages) => Some(pages),
        Err(cause) => {
            unknown.push(format!("release pages: {cause}"));
            None
        }
    };
    let released = released(options, pages.as_ref()).about(registry.url());
    let known = Known {
        receipts: Vec::new(),
        released: released.clone(),
    };
    let packument = registry.published(NPM_PACKAGE, &known)?.unwrap_or_default();
    let versions = versions(&packument, options, pages.as_ref());
    let state = packument.state();
    let tags = state.tags.iter().map(|(tag, version)| TagStatus {
        tag: tag.clone(),
        version: version.clone(),
        not_before: state
            .versions
            .get(version)
            .and_then(|facts| facts.published_at.clone()),
    });
    Ok(Status {
        registry: registry.url().to_string(),
        workspace: options.sources.version.to_string(),
        tags: tags.collect(),
        unfinished: unfinished(&versions, &packument, &released),
        next: next::step(
            options,
            released,
            &policy.npm.tag,
            (&versions, &state.tags),
            environment,
            desk,
        )?,
        versions,
        unknown,
    })
}

fn pages(
    options: &StatusOptions,
    environment: &Environment,
) -> Result<BTreeMap<String, GithubRelease>, String> {
    let repository =
        Repository::named(&options.repository, environment).map_err(|error| error.to_string())?;
    let mut releases = repository.releases().map_err(|error| error.to_string())?;
    // Of several pages for one tag, the published one counts.
    releases.sort_by_key(|release| !release.draft);
    Ok(releases
        .into_iter()
        .map(|release| (release.tag_name.clone(), release))
        .collect())
}

/// What the git tags and the pages say, for the guard.
fn released(options: &StatusOptions, pages: Option<&BTreeMap<String, GithubRelease>>) -> Released {
    let tags = options.git_tags.iter();
    let pages = pages.into_iter().flat_map(BTreeMap::values);
    Released {
        git_tags: tags
            .filter_map(|tag| tag.strip_prefix('v')?.parse().ok())
            .collect(),
        pages: pages.filter_map(GithubRelease::witness).collect(),
    }
}

fn versions(
    packument: &Packument,
    options: &StatusOptions,
    pages: Option<&BTreeMap<String, GithubRelease>>,
) -> Vec<VersionStatus> {
    let state = packument.state();
    let mut known: Vec<(ReleaseVersion, &VersionFacts)> = state
        .versions
        .iter()
        .filter_map(|(text, facts)| Some((text.parse().ok()?, facts)))
        .collect();
    known.sort_by(|one, other| one.0.precedence(&other.0));
    let skipped = known.len().saturating_sub(LISTED);
    known
        .into_iter()
        .skip(skipped)
        .map(|(version, facts)| {
            let tag = format!("v{version}");
            let release = pages.map(|pages| pages.get(&tag));
            VersionStatus {
                git_tag: options.git_tags.contains(&tag),
                page: match release {
                    None => Page::Unknown,
                    Some(None) => Page::Missing,
                    Some(Some(release)) if release.draft => Page::Draft,
                    Some(Some(_)) => Page::Published,
                },
                proven: release.flatten().is_some_and(is_proven),
                version: version.to_string(),
                published_at: facts.published_at.clone(),
                provenance: facts.provenance,
                deprecated: facts.deprecated.clone(),
            }
        })
        .collect()
}

fn is_proven(release: &GithubRelease) -> bool {
    release.has_asset("smoke-published.json")
}

fn is_of_a_branch(version: &str) -> bool {
    let version = version.parse::<ReleaseVersion>().ok();
    matches!(
        version.and_then(|version| version.channel()),
        Some(Channel::Branch { .. })
    )
}

fn unfinished(versions: &[VersionStatus], packument: &Packument, released: &Released) -> Vec<String> {
    let mut found = Vec::new();
    for version in versions
        .iter()
        .filter(|version| !is_of_a_branch(&version.version))
    {
        let name = &version.version;
        if !version.git_tag {
            found.push(format!(
                "{name} is published, and this checkout has no tag v{name}"
            ));
        }
        match version.page {
            Page::Missing => found.push(format!("{name} is published, and has no release page")),
            Page::Draft => found.push(format!("the release page of {name} is still a draft")),
            Page::Published | Page::Unknown => {}
        }
    }
    for (tag, version) in &packument.tags {
        match versions.iter().find(|found| found.version == *version) {
            Some(VersionStatus {
                deprecated: Some(why),
                ..
            }) => {
                found.push(format!("{tag} points at {version}, which is deprecated: {why}"));
            }
            None if !packument.versions.contains_key(version) => {
                found.push(format!(
                    "{tag} points at {version}, which the registry does not have"
                ));
            }
            _ => {}
        }
    }
    let is_missing = |version: &&ReleaseVersion| !packument.versions.contains_key(&version.to_string());
    let tags = released.git_tags.iter().filter(is_missing);
    found.extend(
        tags.map(|version| format!("v{version} is tagged, and the registry does not have {version}")),
    );
    let pages = released.pages.iter().map(|page| &page.version).filter(is_missing);
    found.extend(
        pages.map(|version| format!("{version} has a release page, and the registry does not have it")),
    );
    found
}
