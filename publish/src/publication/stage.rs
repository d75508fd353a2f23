//! npm's [staged publishing](https://docs.npmjs.com/staged-publishing): the registry keeps a version until somebody has
//! approved it with a 2FA code. What it keeps is fetched and compared, as far as npm's credentials allow: the
//! short-lived ones of a trusted publisher stage, and read nothing.

use std::path::PathBuf;

use fs_err as fs;
use ktx_names::NPM_PACKAGE;
use ktx_policy::readiness::SourceFacts;
use ktx_policy::{DistTag, RegistryUrl, ReleasePolicy, ReleaseVersion};
use serde::Deserialize;

use crate::artifacts::{self, Location, Tarball};
use crate::desk::{Desk, Environment};
use crate::error::{PathError, PublishError};
use crate::npm::{Npm, NpmOutput, StagedPackage, line};
use crate::registry;

use super::prepare::PublishPlan;
use super::report::{PublishResult, StagedBytes, StagedVersion};

impl PublishPlan {
    /// Stages the package on the registry, and compares what it keeps.
    pub(super) fn stage(&self, desk: &dyn Desk) -> Result<(PublishResult, Vec<String>), PublishError> {
        let said = self.run_npm(desk)?;
        let named = stage_id(&said.stdout).filter(|_| said.succeeded);
        let found = match named {
            Some(id) => Some(id),
            // The registry may have staged it although npm failed, or an earlier run has staged it.
            None => self.waiting(desk)?,
        };
        let Some(id) = found else {
            return self.after_failure(said, desk);
        };
        let registry = self.registry.url();
        let bytes = match download(&self.npm, &id, registry, desk)? {
            Ok(path) => compared(&self.tarball, &path, &id, registry).map(|()| StagedBytes::Same)?,
            Err(said) => StagedBytes::NotFetched {
                cause: said.tail.lines().last().unwrap_or_default().to_owned(),
            },
        };
        let staged = StagedPackage { id: &id, registry };
        let (approve, reject) = (line(&staged.approve()), line(&staged.reject()));
        let version = StagedVersion {
            id,
            bytes,
            approve,
            reject,
        };
        Ok((PublishResult::Staged(version), Vec::new()))
    }

    /// The registry's name for this version, when it is among those that wait and npm may list them.
    fn waiting(&self, desk: &dyn Desk) -> Result<Option<String>, PublishError> {
        let registry = self.registry.url();
        let said = self.npm.run(&StagedPackage::list(registry), desk)?;
        let listed: Vec<Waiting> = serde_json::from_str(&said.stdout).unwrap_or_default();
        let mut same = listed
            .into_iter()
            .filter(|waiting| waiting.version == self.decision.version);
        let Some(found) = same.next() else {
            return Ok(None);
        };
        match found.tag == self.decision.tag {
            true => Ok(Some(found.id)),
            false => Err(found.elsewhere(registry)),
        }
    }
}

/// What the registry says about a staged version.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    id: String,
    package_name: String,
    version: String,
    tag: String,
}

impl Waiting {
    fn elsewhere(&self, registry: &RegistryUrl) -> PublishError {
        let staged = StagedPackage {
            id: &self.id,
            registry,
        };
        PublishError::Forbidden {
            code: "staged-elsewhere",
            message: format!(
                "{}@{} is staged under {}, and the tag of a staged version cannot be changed",
                self.package_name, self.version, self.tag
            ),
            hint: line(&staged.reject()),
        }
    }

    /// Whether it is this version, under a tag that the policy publishes it under.
    fn is(&self, version: &ReleaseVersion, policy: &ReleasePolicy) -> bool {
        let mut tags = DistTag::of(version).into_iter();
        let is_published_under =
            |tag: &DistTag| *tag != DistTag::Latest || policy.npm.tag == DistTag::Latest.to_string();
        self.package_name == NPM_PACKAGE
            && self.version == version.to_string()
            && tags.any(|tag| tag.to_string() == self.tag && is_published_under(&tag))
    }
}

/// A staged version that was fetched, with the credentials of the npm that runs, and is the built one. The file is removed
/// with this value.
#[derive(Debug)]
pub struct FetchedStage {
    /// The fetched tarball.
    pub path: PathBuf,
    /// What to do with it.
    pub version: StagedVersion,
    /// The dist-tag that it will be under.
    pub tag: String,
    /// The registry that keeps it.
    pub registry: RegistryUrl,
    /// The folder of the tarball.
    _npm: Npm,
}

/// Fetches a staged version and compares it with the artifacts.
pub fn fetch_staged(
    id: &str,
    location: &Location,
    sources: &SourceFacts,
    asked: Option<&RegistryUrl>,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<FetchedStage, PublishError> {
    let survey = artifacts::survey(location, sources)?;
    let Some(tarball) = survey.tarball else {
        return Err(PublishError::NotReady(Box::new(survey.readiness)));
    };
    let npm = Npm::new(environment)?;
    let registry = registry::chosen(&survey.policy, asked, environment, &npm, desk)?;
    let staged = StagedPackage {
        id,
        registry: registry.url(),
    };
    let said = npm.run(&staged.view(), desk)?;
    let Some(waiting) = serde_json::from_str::<Waiting>(&said.stdout).ok() else {
        return Err(failed(said));
    };
    if !waiting.is(&sources.version, &survey.policy) {
        return Err(waiting.elsewhere(registry.url()));
    }
    let path = download(&npm, id, registry.url(), desk)?.map_err(failed)?;
    compared(&tarball, &path, id, registry.url())?;
    let version = StagedVersion {
        id: id.to_owned(),
        bytes: StagedBytes::Same,
        approve: line(&staged.approve()),
        reject: line(&staged.reject()),
    };
    Ok(FetchedStage {
        path,
        version,
        tag: waiting.tag,
        registry: registry.url().clone(),
        _npm: npm,
    })
}

/// Where npm put the tarball, whose name ends in the registry's name for it; or what npm said.
fn download(
    npm: &Npm,
    id: &str,
    registry: &RegistryUrl,
    desk: &dyn Desk,
) -> Result<Result<PathBuf, NpmOutput>, PublishError> {
    let said = npm.run(&StagedPackage { id, registry }.download(), desk)?;
    if !said.succeeded {
        return Ok(Err(said));
    }
    let folder = npm.folder();
    let failed = PathError::new("read", folder);
    let end = format!("-{id}.tgz");
    let mut files = fs::read_dir(folder).map_err(failed)?.flatten();
    let file = files.find(|file| file.file_name().to_string_lossy().ends_with(&end));
    Ok(file.map(|file| file.path()).ok_or(said))
}

fn compared(tarball: &Tarball, path: &PathBuf, id: &str, registry: &RegistryUrl) -> Result<(), PublishError> {
    let bytes = fs::read(path).map_err(PathError::new("read", path))?;
    if tarball.is(&bytes) {
        return Ok(());
    }
    Err(PublishError::Integrity {
        message: format!(
            "the bytes that the registry keeps as {id} are not those of {}",
            tarball.file_name()
        ),
        hint: line(&StagedPackage { id, registry }.reject()),
    })
}

fn failed(said: NpmOutput) -> PublishError {
    PublishError::Npm {
        failure: said.failure(),
        command: said.command,
        exit: said.exit,
        said: said.tail,
    }
}

/// `stageId` of npm's JSON, which is keyed by package.
fn stage_id(stdout: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(stdout).ok()?;
    let find = |value: &serde_json::Value| value.get("stageId")?.as_str().map(str::to_owned);
    find(&document).or_else(|| document.as_object()?.values().find_map(find))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_stage_id_where_npm_puts_it() {
        assert_eq!(
            stage_id(r#"{"@kaelio/ktx": {"stageId": "a-b"}}"#).as_deref(),
            Some("a-b")
        );
        assert_eq!(stage_id(r#"{"stageId": "a-b"}"#).as_deref(), Some("a-b"));
        assert_eq!(stage_id(r#"{"@kaelio/ktx": {}}"#), None);
        assert_eq!(stage_id("no JSON"), None);
    }
}
