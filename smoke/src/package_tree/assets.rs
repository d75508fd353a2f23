//! The Python assets of a package: wheel, requirements, and the manifest that holds their digests.
//!
//! The manifest is updated after each change; a change of the manifest itself is up to the caller.

use std::io::{Error, Result};

use ktx_manifest::digest::Sha256Digest;
use serde_json::Value;

use super::PackageTree;
use super::wheel::WheelFiles;

const ASSETS: &str = "package/assets/python";

impl PackageTree {
    pub fn asset_manifest(&mut self, edit: impl FnOnce(&mut Value)) -> Result<()> {
        self.json(&format!("{ASSETS}/manifest.json"), edit)
    }

    /// Edits a bundled requirements file and what the asset manifest says about it.
    pub fn requirements(&mut self, edit: impl FnOnce(String) -> String) -> Result<()> {
        let path = format!("{ASSETS}/core.txt");
        let bytes = self.bytes(&path)?;
        *bytes = edit(String::from_utf8_lossy(bytes).into_owned()).into_bytes();
        let (digest, size) = (Sha256Digest::of(&*bytes).to_string(), bytes.len());
        self.asset_manifest(|manifest| {
            manifest["requirements"]["core"]["sha256"] = digest.into();
            manifest["requirements"]["core"]["bytes"] = size.into();
        })
    }

    /// The path of the bundled wheel in the tarball.
    pub fn wheel_path(&self) -> Result<String> {
        self.paths()
            .find(|path| path.starts_with(ASSETS) && path.ends_with(".whl"))
            .map(str::to_owned)
            .ok_or_else(|| Error::other("the artifact has no wheel"))
    }

    /// Edits the bundled wheel and what the asset manifest says about it.
    pub fn wheel(&mut self, edit: impl FnOnce(&mut WheelFiles) -> Result<()>) -> Result<()> {
        let path = self.wheel_path()?;
        let mut wheel = WheelFiles::read(self.bytes(&path)?)?;
        edit(&mut wheel)?;
        let bytes = wheel.write()?;
        let (digest, size) = (Sha256Digest::of(&bytes).to_string(), bytes.len());
        *self.bytes(&path)? = bytes;
        self.asset_manifest(|manifest| {
            manifest["wheel"]["sha256"] = digest.into();
            manifest["wheel"]["bytes"] = size.into();
        })
    }
}
