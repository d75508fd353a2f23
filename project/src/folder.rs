//! The project folder: how it is found, its layout, and how it is made.

use std::path::{Path, PathBuf};

use ktx_runtime::Environment;

use crate::config::{self, Config};
use crate::{ConnectionId, Error, files};

/// A folder that holds, or is to hold, a project. Always absolute.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Keep,
    Replace,
}

impl Folder {
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The flag, else `KTX_PROJECT_DIR`, else the nearest folder upwards with a `ktx.yaml`, else the working folder.
    pub fn discover(flag: Option<&Path>, environment: &Environment, working: &Path) -> Result<Self, Error> {
        if let Some(flag) = flag {
            return match flag.to_string_lossy().trim() {
                "" => Err(Error::BlankProjectDir("--project-dir requires a value")),
                _ => Ok(Self::at(files::cleaned(&working.join(flag)))),
            };
        }
        // Unlike our other variables, an empty one is a mistake, not the default.
        if let Some((_, variable)) = environment
            .variables()
            .find(|(name, _)| *name == "KTX_PROJECT_DIR")
        {
            return match variable.to_string_lossy().trim() {
                "" => Err(Error::BlankProjectDir("KTX_PROJECT_DIR must not be empty")),
                _ => Ok(Self::at(files::cleaned(&working.join(variable)))),
            };
        }
        Ok(Self::above(working).unwrap_or_else(|| Self::at(working)))
    }

    /// The nearest project at or above a folder.
    pub fn above(start: &Path) -> Option<Self> {
        start.ancestors().map(Self::at).find(Self::is_project)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn is_project(&self) -> bool {
        self.config_path().is_file()
    }

    pub fn config_path(&self) -> PathBuf {
        self.dir.join(config::FILE_NAME)
    }

    pub fn load(&self) -> Result<Config, Error> {
        match self.is_project() {
            true => Config::load(&self.config_path()),
            false => Err(Error::NoProject(self.dir.clone())),
        }
    }

    pub fn state_path(&self) -> PathBuf {
        self.dir.join(".ktx/db.sqlite")
    }

    pub fn cache(&self) -> PathBuf {
        self.dir.join(".ktx/cache")
    }

    pub fn semantic_layer(&self, connection: &ConnectionId) -> PathBuf {
        self.dir.join("semantic-layer").join(connection.as_str())
    }

    pub fn raw_sources(&self, connection: &ConnectionId, adapter: &str) -> PathBuf {
        self.dir
            .join("raw-sources")
            .join(connection.as_str())
            .join(adapter)
    }

    /// A path as reports and listings show it: from the project folder, with forward slashes.
    pub fn relative(&self, path: &Path) -> String {
        files::name_below(&self.dir, path)
    }

    /// Makes the project; refuses a folder inside another project, whose commands would find the inner files too.
    pub fn initialize(&self, name: &str, existing: Existing) -> Result<(), Error> {
        if existing == Existing::Keep {
            if self.is_project() {
                return Err(Error::AlreadyProject(self.config_path()));
            }
            if let Some(outer) = self.dir.parent().and_then(Self::above) {
                return Err(Error::NestedProject {
                    inner: self.dir.clone(),
                    outer: outer.dir,
                });
            }
        }
        self.initialize_files()?;
        let name = serde_json::Value::from(name);
        files::write(
            &self.config_path(),
            format!("project: {name}\nconnections: {{}}\n").as_bytes(),
        )
    }

    /// The folders and marker files around `ktx.yaml`; existing files are kept.
    pub fn initialize_files(&self) -> Result<(), Error> {
        files::make_folder(&self.cache())?;
        let ignored = "cache/\ndb.sqlite\ndb.sqlite-*\ningest-transcripts/\nsecrets/\nsetup/\nagents/\n";
        files::write_if_absent(&self.dir.join(".ktx/.gitignore"), ignored.as_bytes())?;
        for kept in [
            ".ktx/prompts",
            ".ktx/skills",
            "knowledge/global",
            "semantic-layer",
            "raw-sources",
        ] {
            files::write_if_absent(&self.dir.join(kept).join(".gitkeep"), b"")?;
        }
        Ok(())
    }

    /// The default name of a project: the folder's own name.
    pub fn default_name(&self) -> String {
        self.dir.file_name().map_or_else(
            || "ktx-project".into(),
            |name| name.to_string_lossy().into_owned(),
        )
    }
}
