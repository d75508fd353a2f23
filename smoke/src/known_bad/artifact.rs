//! A good artifact, unpacked so that one thing in it can be damaged, and packed again.
//!
//! Everything else is made consistent: digests and sizes are right unless they are what is damaged, so that a sabotage
//! is caught for the right reason.

use std::io::{Error, Result, Write};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Platform;
use ktx_manifest::artifact_manifest::{ARTIFACT_MANIFEST_FILE, ArtifactKind, ArtifactManifest};
use ktx_manifest::digest::Sha256Digest;

use super::provenance::Attest;
use crate::package_tree::PackageTree;

/// A tarball taken apart, and the manifest beside it.
pub struct Artifact {
    pub package: PackageTree,
    manifest: ArtifactManifest,
    /// Set by a sabotage of the manifest itself.
    pub manifest_text: Option<String>,
    /// The wheel beside the tarball; the one inside, unless a sabotage says otherwise.
    pub wheel_beside: Option<Vec<u8>>,
    /// Bytes that come after the end of the tarball, and that the manifest does not know.
    pub tarball_suffix: Vec<u8>,
    /// Files that are in the artifacts folder and should not be.
    pub strays: Vec<&'static str>,
    /// Set by a sabotage of what a registry has about the artifact.
    pub attest: Option<Attest>,
}

impl Artifact {
    /// Reads what `cargo xtask build` wrote.
    pub fn read(artifacts: &Utf8Path) -> Result<Artifact> {
        let manifest: ArtifactManifest =
            serde_json::from_slice(&fs::read(artifacts.join(ARTIFACT_MANIFEST_FILE))?)?;
        let tarball = manifest
            .file(ArtifactKind::Tarball)
            .ok_or_else(|| Error::other("the artifact manifest names no tarball"))?
            .path
            .under(artifacts.as_std_path());
        let tarball = Utf8PathBuf::try_from(tarball).map_err(Error::other)?;
        Ok(Artifact {
            package: PackageTree::read(&tarball)?,
            manifest,
            manifest_text: None,
            wheel_beside: None,
            tarball_suffix: Vec::new(),
            strays: Vec::new(),
            attest: None,
        })
    }

    /// Makes the manifest say that everything was built from another commit.
    pub fn claim_commit(&mut self, commit: &str) {
        self.manifest.source_revision = Some(commit.to_owned());
    }

    /// The path of the program for this machine.
    pub fn program() -> String {
        let platform = Platform::host().map(Platform::program_path).unwrap_or_default();
        format!("package/{platform}")
    }

    /// Puts a shell script in the program's place; `$real` is the program.
    pub fn wrap_program(&mut self, script: &str) -> Result<()> {
        let path = Artifact::program();
        let real = std::mem::take(self.package.bytes(&path)?);
        self.package.add(&format!("{path}.real"), real, 0o755)?;
        // Without `dirname`: a bare search path has no other program.
        let text = format!("#!/bin/sh\nreal=\"${{0%/*}}/ktx.real\"\n{script}\nexec \"$real\" \"$@\"\n");
        *self.package.bytes(&path)? = text.into_bytes();
        self.state_size()
    }

    /// Records the actual size of this machine's program, or the launcher would not even start it.
    pub fn state_size(&mut self) -> Result<()> {
        let bytes = self.package.bytes(&Artifact::program())?.len();
        let platform = Platform::host().map(Platform::as_str).unwrap_or_default();
        self.package.json("package/dist/programs.json", |sizes| {
            sizes[platform] = bytes.into()
        })
    }

    /// Writes an artifacts folder; returns the path of the tarball.
    pub fn write(&self, folder: &Utf8Path) -> Result<Utf8PathBuf> {
        let tarball = self.package.pack()?;
        let wheel = match &self.wheel_beside {
            Some(bytes) => bytes.clone(),
            None => self
                .package
                .wheel_path()
                .ok()
                .and_then(|path| self.package.get(&path))
                .map(<[u8]>::to_vec)
                .unwrap_or_default(),
        };
        let mut manifest = self.manifest.clone();
        let mut path = Utf8PathBuf::new();
        for file in &mut manifest.files {
            let bytes = match file.artifact_kind {
                ArtifactKind::Tarball => &tarball,
                ArtifactKind::Wheel => &wheel,
            };
            let target =
                Utf8PathBuf::try_from(file.path.under(folder.as_std_path())).map_err(Error::other)?;
            fs::create_dir_all(target.parent().unwrap_or(folder))?;
            fs::write(&target, bytes)?;
            file.bytes = bytes.len() as u64;
            file.sha256 = Sha256Digest::of(bytes);
            if file.artifact_kind == ArtifactKind::Tarball {
                path = target;
            }
        }
        fs::OpenOptions::new()
            .append(true)
            .open(&path)?
            .write_all(&self.tarball_suffix)?;
        for stray in &self.strays {
            fs::write(folder.join(stray), "stray")?;
        }
        let text = self.manifest_text.clone().unwrap_or_else(|| manifest.to_text());
        fs::write(folder.join(ARTIFACT_MANIFEST_FILE), text)?;
        Ok(path)
    }
}
