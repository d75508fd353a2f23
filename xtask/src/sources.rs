//! The facts about the sources that every artifact carries: version, moment, revision.

use anyhow::{Context, Result};
use fs_err as fs;
use ktx_release::epoch::SourceDateEpoch;
use serde::Deserialize;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// The version of the workspace, as its manifest has it now.
pub fn version(session: &Session<'_>) -> Result<semver::Version> {
    #[derive(Deserialize)]
    struct Manifest {
        workspace: Workspace,
    }
    #[derive(Deserialize)]
    struct Workspace {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        version: semver::Version,
    }
    let path = session.root()?.join("Cargo.toml");
    let text = fs::read_to_string(&path)?;
    let manifest: Manifest =
        toml_edit::de::from_str(&text).with_context(|| format!("failed to read `{path}`"))?;
    Ok(manifest.workspace.package.version)
}

/// `SOURCE_DATE_EPOCH`, when it is set.
pub fn epoch() -> Result<Option<SourceDateEpoch>> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH") else {
        return Ok(None);
    };
    match value.to_string_lossy().parse() {
        Ok(epoch) => Ok(Some(epoch)),
        Err(error) => {
            let hint = error.hint();
            Err(Failure::new(Exit::Failed, error.to_string()).hint(hint).into())
        }
    }
}
