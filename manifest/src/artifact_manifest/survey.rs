//! What is in a directory of artifacts: every file with its digest. Does not know what should be there.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::ARTIFACT_MANIFEST_FILE;
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, Sha256Digest};
use ktx_names::Finding;

/// The files of a directory.
#[derive(Debug, Default)]
pub struct SurveyedFiles {
    /// Regular files by their path below the directory, without the manifest itself.
    pub files: BTreeMap<ArchivePath, ContentId>,
    /// What is not a regular file, or has a name that no manifest can list.
    pub findings: Vec<Finding>,
}

/// Walks a directory and digests every file in it. Links are not followed. An error names the path.
pub fn survey(directory: &Path) -> io::Result<SurveyedFiles> {
    let mut survey = SurveyedFiles::default();
    walk(directory, "", &mut survey)?;
    Ok(survey)
}

fn walk(directory: &Path, prefix: &str, survey: &mut SurveyedFiles) -> io::Result<()> {
    let mut entries = fs_err::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let name = entry.file_name();
        let path = entry.path();
        let kind = entry.file_type()?;
        let relative = name.to_str().map(|name| format!("{prefix}{name}"));
        match relative.as_deref().map(str::parse::<ArchivePath>) {
            _ if kind.is_symlink() => survey.refuse(&path, "it is a symbolic link"),
            Some(Ok(relative)) if kind.is_dir() => walk(&path, &format!("{relative}/"), survey)?,
            _ if !kind.is_file() => survey.refuse(&path, "it is not a regular file"),
            Some(Ok(relative)) if relative.as_str() == ARTIFACT_MANIFEST_FILE => {}
            Some(Ok(relative)) => {
                survey.files.insert(relative, Sha256Digest::of_file(&path)?);
            }
            Some(Err(error)) => survey.refuse(&path, &error.reason.to_string()),
            None => survey.refuse(&path, "its name is not UTF-8"),
        }
    }
    Ok(())
}

impl SurveyedFiles {
    fn refuse(&mut self, path: &Path, cause: &str) {
        let message = format!("failed to verify `{}`: {cause}", path.display());
        let finding = Finding::error("artifact-not-a-file", message);
        self.findings
            .push(finding.with_hint("Remove it, then run: cargo xtask build"));
    }
}
