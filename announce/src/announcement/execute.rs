//! Executes the plan step by step, then checks that GitHub has what it should.

use ktx_publish::{Desk, PublishError};
use serde::Serialize;

use super::page_file::Role;
use super::plan::{Announcement, Step, other_bytes};
use crate::github::{AssetState, GithubRelease, NewRelease};

/// An announcement that was made, as read back from GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Announced {
    pub tag: String,
    pub revision: String,
    /// Address of the release page.
    pub page: String,
    /// Names of the files on it.
    pub files: Vec<String>,
}

impl Announcement {
    /// Executes the steps. After a failure or an interruption, planning again gives the remaining steps.
    pub fn execute(mut self, desk: &dyn Desk) -> Result<Announced, PublishError> {
        if !self.is_done() && !self.has_token() {
            return Err(PublishError::Prerequisite {
                message: "GITHUB_TOKEN is not set".to_owned(),
                hint: "give GITHUB_TOKEN a token that may write contents of the repository".to_owned(),
            });
        }
        for step in std::mem::take(&mut self.steps) {
            if desk.interrupted() {
                return Err(PublishError::Interrupted);
            }
            desk.talk(&step.to_string());
            self.carry_out(&step)?;
        }
        self.read_back()
    }

    fn carry_out(&mut self, step: &Step) -> Result<(), PublishError> {
        match step {
            Step::CreateTag { tag, revision } => self.repository.create_tag(tag, &self.tag_message, revision),
            Step::CreateDraft { tag, prerelease } => {
                let release = NewRelease {
                    tag_name: tag.clone(),
                    target_commitish: self.revision.clone(),
                    name: tag.clone(),
                    body: self.notes.clone(),
                    draft: true,
                    prerelease: *prerelease,
                };
                self.release = Some(self.repository.create_release(&release)?);
                Ok(())
            }
            Step::RemoveUnfinished { id, .. } => self.repository.remove_unfinished(*id),
            Step::Upload { name, .. } => {
                let file = self.files.iter().find(|file| file.name == *name);
                if let Some(file) = file {
                    self.repository.upload_asset(self.page()?, name, &file.bytes)?;
                }
                Ok(())
            }
            Step::PublishRelease { .. } => {
                self.check_files()?;
                let page = self
                    .repository
                    .publish_release(self.page()?.id, self.prerelease)?;
                self.release = Some(page);
                Ok(())
            }
        }
    }

    fn page(&self) -> Result<&GithubRelease, PublishError> {
        self.release.as_ref().ok_or_else(|| PublishError::Registry {
            address: self.tag.clone(),
            cause: "there is no release page".to_owned(),
        })
    }

    /// Every file is on the page, whole, before it is made public.
    fn check_files(&self) -> Result<Vec<String>, PublishError> {
        let page = self.page()?;
        let assets = self.repository.assets(page.id)?;
        for file in &self.files {
            let asset = assets.iter().find(|asset| asset.name == file.name);
            let Some(asset) = asset.filter(|asset| asset.state == AssetState::Uploaded) else {
                return Err(PublishError::Registry {
                    address: page.html_url.clone(),
                    cause: format!("the page does not have {} yet", file.name),
                });
            };
            if file.role == Role::Artifact && self.repository.asset_digest(asset)? != file.digest() {
                return Err(other_bytes(&file.name, page));
            }
        }
        Ok(assets.into_iter().map(|asset| asset.name).collect())
    }

    fn read_back(self) -> Result<Announced, PublishError> {
        let commit = self.repository.tagged_commit(&self.tag)?;
        if commit.as_ref() != Some(&self.revision) {
            return Err(PublishError::Registry {
                address: self.tag.clone(),
                cause: "GitHub does not show the tag yet".to_owned(),
            });
        }
        let mut files = self.check_files()?;
        files.sort();
        Ok(Announced {
            page: self.page()?.html_url.clone(),
            tag: self.tag,
            revision: self.revision,
            files,
        })
    }
}
