//! The inputs of a run: nothing in this crate reads the machine's environment or clock by itself.

use camino::Utf8PathBuf;

use crate::redaction::Redaction;
use crate::sandbox::Machine;
use crate::untouched::Belongings;

/// The options of every run.
#[derive(Clone, Debug)]
pub struct Options {
    pub package: Package,
    pub machine: Machine,
    /// The folder in which the run makes its own, which is gone at the end.
    pub folder: Utf8PathBuf,
    /// A uv cache of the toolchain that runs fill and read; copied before anything is started with it.
    pub warm_cache: Utf8PathBuf,
    /// The user's own uv cache, which is copied for what is too heavy to be downloaded each time.
    pub user_cache: Option<Utf8PathBuf>,
    /// What the user owns and no scenario may touch.
    pub belongings: Belongings,
    pub redaction: Redaction,
    /// Scenarios that run side by side.
    pub jobs: usize,

    /// Program and first arguments of the process that cleans up when this one is killed.
    pub guardian: Option<Vec<String>>,
    pub mcp: Option<McpClients>,
    /// The registry to take the package from, for `published`.
    pub published: Option<Published>,
    /// What releases the package, for `rehearsal`.
    pub toolchain: Option<Toolchain>,
    /// Libraries of Windows that the machine's wine lacks, for `windows`.
    pub wine_libraries: Option<Utf8PathBuf>,
}

/// Third-party clients of the Model Context Protocol.
#[derive(Clone, Debug)]
pub struct McpClients {
    /// A Python with the official SDK.
    pub python: Utf8PathBuf,
    /// The folder with the `node_modules` of the official TypeScript SDK and of the inspector.
    pub node: Utf8PathBuf,
}

/// The tarball to test.
#[derive(Clone, Debug)]
pub struct Package {
    pub tarball: Utf8PathBuf,
    pub name: String,
    pub version: String,
}

/// A package on a registry.
#[derive(Clone, Debug)]
pub struct Published {
    pub registry: Option<String>,
    /// Such as `@kaelio/ktx@0.1.0`.
    pub specification: String,
}

/// The release engineer's toolchain.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The program behind `cargo xtask`.
    pub xtask: Utf8PathBuf,
    /// The checkout that it belongs to, with its policy and its pinned tools.
    pub checkout: Utf8PathBuf,
    /// The program of the local registry.
    pub registry: Utf8PathBuf,
}

impl Options {
    /// A program on the `PATH` that sandboxes get.
    pub fn program(&self, name: &str) -> Option<Utf8PathBuf> {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.machine
            .path
            .iter()
            .map(|folder| folder.join(&name))
            .find(|path| path.is_file())
    }
}
