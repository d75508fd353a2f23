//! Remembers from what a tool set was installed, so that it is installed again exactly when that changes.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use sha2::{Digest, Sha256};

/// The mark of a finished installation, written last and removed first.
pub struct Stamp {
    path: Utf8PathBuf,
    value: String,
}

impl Stamp {
    /// `inputs` are the files that decide what is installed, `words` whatever else does.
    pub fn of(folder: &Utf8Path, inputs: &[Utf8PathBuf], words: &[&str]) -> Result<Self> {
        let mut hash = Sha256::new();
        for input in inputs {
            hash.update(fs::read(input)?);
            hash.update([0]);
        }
        for word in words {
            hash.update(word.as_bytes());
            hash.update([0]);
        }
        let value = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Stamp {
            path: folder.join(".installed"),
            value,
        })
    }

    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|written| written == self.value)
    }

    /// Empties the folder: what an interrupted installation left is not built upon.
    pub fn begin(&self, folder: &Utf8Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        Ok(fs::create_dir_all(folder)?)
    }

    pub fn finish(&self) -> Result<()> {
        Ok(fs::write(&self.path, &self.value)?)
    }
}
