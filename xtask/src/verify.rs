//! `cargo xtask verify`: compares the artifacts with their manifest and inspects each of them.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use fs_err as fs;
use ktx_manifest::Finding;
use ktx_manifest::artifact_manifest::ArtifactManifest;
use ktx_release::artifacts::{self, VerifyOptions};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::refusal;
use crate::session::Session;
use crate::{programs, sources};

/// Verify the artifacts: manifest, wheel, tarball and their contents
#[derive(Args)]
pub struct VerifyArgs {
    /// The folder with manifest.json [default: dist/artifacts, at the version of the workspace]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<Utf8PathBuf>,
    /// The revision from which they must have been built
    #[arg(long, value_name = "REV", env = "KTX_EXPECTED_SOURCE_REVISION")]
    source_revision: Option<String>,
}

pub fn run(arguments: VerifyArgs, session: &Session<'_>) -> Result<()> {
    let revision = arguments.source_revision.filter(|revision| !revision.is_empty());
    let options = match arguments.artifacts {
        Some(artifacts) => VerifyOptions {
            artifacts: artifacts.into(),
            version: None,
            source_revision: revision,
            machine: machine(session)?,
            sources: None,
        },
        None => VerifyOptions {
            artifacts: session.dist()?.join("artifacts").into(),
            version: Some(sources::version(session)?),
            source_revision: revision,
            machine: machine(session)?,
            sources: Some(session.root()?.into()),
        },
    };
    let manifest = verify(session, &options)?;
    for file in &manifest.files {
        session
            .printer
            .data(&format!("{}  {:>9}  {}", file.sha256, file.bytes, file.path));
    }
    Ok(())
}

/// Verifies what `dist/artifacts` holds at the version of the workspace.
pub fn built(session: &Session<'_>) -> Result<ArtifactManifest> {
    verify(
        session,
        &VerifyOptions {
            artifacts: session.dist()?.join("artifacts").into(),
            version: Some(sources::version(session)?),
            source_revision: None,
            machine: machine(session)?,
            sources: Some(session.root()?.into()),
        },
    )
}

/// What would tell on this machine: the folders that it builds in, and its name. A short or common word is in many
/// files, and is not looked for.
fn machine(session: &Session<'_>) -> Result<Vec<String>> {
    let root = session.root()?.to_string();
    let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
    let folders = [root, programs::cargo_home()?.into()].into_iter().chain(home);
    let mut words: Vec<String> = folders.filter(|folder| folder.len() > 6).collect();
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.len() >= 8 && name.contains(|letter: char| letter.is_ascii_digit() || letter == '-') {
        words.push(name.to_owned());
    }
    Ok(words)
}

/// Verifies artifacts and prints all findings; their manifest when there are none.
pub fn verify(session: &Session<'_>, options: &VerifyOptions) -> Result<ArtifactManifest> {
    let verified = artifacts::verify(options).map_err(|error| refusal::failure(session, error))?;
    session.printer.document(&VerifyReport {
        manifest: verified.manifest.as_ref(),
        findings: &verified.findings,
    })?;
    session.printer.findings(&verified.findings);
    verified.manifest.ok_or_else(|| {
        let count = verified.findings.len();
        let found = if count == 1 {
            "1 finding".to_owned()
        } else {
            format!("{count} findings")
        };
        let message = format!("failed to verify `{}`: {found}", options.artifacts.display());
        Failure::new(Exit::Integrity, message)
            .hint("run: cargo xtask build")
            .into()
    })
}

#[derive(Serialize)]
struct VerifyReport<'a> {
    manifest: Option<&'a ArtifactManifest>,
    findings: &'a [Finding],
}
