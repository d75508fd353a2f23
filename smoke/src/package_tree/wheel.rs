//! The bundled wheel unpacked and packed again, with a correct RECORD unless that is what is damaged.

use std::collections::BTreeMap;
use std::io::{Cursor, Error, Read, Result, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// The files of a wheel by their paths.
pub struct WheelFiles {
    files: BTreeMap<String, Vec<u8>>,
    /// Whether RECORD is rebuilt from the files.
    pub honest_record: bool,
}

impl WheelFiles {
    pub fn read(bytes: &[u8]) -> Result<WheelFiles> {
        let mut archive = ZipArchive::new(Cursor::new(bytes))?;
        let mut files = BTreeMap::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let name = file.name()?.into_owned();
            files.insert(name, bytes);
        }
        Ok(WheelFiles {
            files,
            honest_record: true,
        })
    }

    pub fn write(mut self) -> Result<Vec<u8>> {
        let record = self.path_ending("/RECORD")?;
        if self.honest_record {
            let text = self.record(&record)?;
            self.files.insert(record.clone(), text);
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let last = |path: &&String| **path == record;
        let order = self
            .files
            .keys()
            .filter(|path| !last(path))
            .chain(self.files.keys().filter(last));
        for path in order {
            writer.start_file(path.as_str(), options)?;
            writer.write_all(&self.files[path])?;
        }
        Ok(writer.finish()?.into_inner())
    }

    /// The one path with this ending.
    pub fn path_ending(&self, ending: &str) -> Result<String> {
        self.files
            .keys()
            .find(|path| path.ends_with(ending))
            .cloned()
            .ok_or_else(|| Error::other(format!("the wheel has no `{ending}`")))
    }

    /// Makes another version of it: in its metadata, and in the name of the folder that holds them.
    pub fn stamp(&mut self, from: &str, to: &str) -> Result<()> {
        let metadata = self.path_ending(".dist-info/METADATA")?;
        self.replace(
            &metadata,
            &format!("\nVersion: {from}\n"),
            &format!("\nVersion: {to}\n"),
        )?;
        let (old, new) = (format!("-{from}.dist-info/"), format!("-{to}.dist-info/"));
        self.files = std::mem::take(&mut self.files)
            .into_iter()
            .map(|(path, bytes)| (path.replacen(&old, &new, 1), bytes))
            .collect();
        Ok(())
    }

    pub fn add(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.as_bytes().to_vec());
    }

    /// Removes every file whose path begins so.
    pub fn remove(&mut self, beginning: &str) -> Result<()> {
        let before = self.files.len();
        self.files.retain(|path, _| !path.starts_with(beginning));
        if self.files.len() == before {
            return Err(Error::other(format!("the wheel has no `{beginning}`")));
        }
        Ok(())
    }

    /// Adds lines at the end of a module.
    pub fn append(&mut self, path: &str, text: &str) -> Result<()> {
        match self.files.get_mut(path) {
            Some(bytes) => bytes.extend_from_slice(text.as_bytes()),
            None => return Err(Error::other(format!("the wheel has no `{path}`"))),
        }
        Ok(())
    }

    pub fn replace(&mut self, path: &str, part: &str, by: &str) -> Result<()> {
        let bytes = self
            .files
            .get_mut(path)
            .ok_or_else(|| Error::other(format!("the wheel has no `{path}`")))?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        if !text.contains(part) {
            return Err(Error::other(format!("`{path}` has no {part:?} to replace")));
        }
        *bytes = text.replacen(part, by, 1).into_bytes();
        Ok(())
    }

    /// RECORD as the binary distribution format has it: path, digest, size.
    fn record(&self, own_path: &str) -> Result<Vec<u8>> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(Vec::new());
        for (path, bytes) in &self.files {
            if path != own_path {
                let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
                writer.write_record([path, &format!("sha256={digest}"), &bytes.len().to_string()])?;
            }
        }
        writer.write_record([own_path, "", ""])?;
        writer
            .into_inner()
            .map_err(|error| Error::other(error.to_string()))
    }
}
