//! The pinned tools that the toolchain runs, installed into `target/tools/` by the registries' ordinary clients.
//!
//! Each set has a lock file with hashes in `xtask/tools/`. A set is installed once and again when its lock, or
//! the interpreter under it, is another; nothing outside `target/` is touched. `rustup target add` is the one
//! exception: Rust's standard libraries live with the toolchain.

mod crates;
mod interpreter;
mod node;
mod python;
mod stamp;

pub use interpreter::find as interpreter;
pub use node::{npm, versions};

use std::process::Command;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Platform;

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;

/// A set of tools that is installed as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolSet {
    /// uv, the checkers of Python distributions, ruff and zizmor.
    Python,
    /// The payload's own dependencies and those of its tests.
    Payload,
    /// dbt and MetricFlow, whose answers the drafts of metrics have to give.
    Metricflow,
    /// The engines of warehouses that the drivers are tested on: chdb, which is ClickHouse's.
    Engines,
    /// zig and cargo-zigbuild: the C compiler and linker for every platform but the host's own.
    Cross,
    /// cargo-auditable, which writes into a program the crates that it was built from.
    Auditable,
    /// rcodesign, which signs programs for macOS. It takes minutes to compile, and is installed when it is needed.
    Rcodesign,
    /// The official Python SDK of the Model Context Protocol, as a client.
    Mcp,
    /// Its official TypeScript SDK and its inspector.
    McpNode,
    /// npm's peers, the judge of npm packages, and the local registry.
    Node,
    /// What uses the JS API: bundlers, TypeScript, jest, and the judge of types.
    Consumers,
    /// The Node.js versions that the package is tried on.
    NodeVersions,
}

impl ToolSet {
    const ALL: [ToolSet; 12] = [
        ToolSet::Python,
        ToolSet::Payload,
        ToolSet::Metricflow,
        ToolSet::Engines,
        ToolSet::Cross,
        ToolSet::Auditable,
        ToolSet::Rcodesign,
        ToolSet::Mcp,
        ToolSet::McpNode,
        ToolSet::Node,
        ToolSet::Consumers,
        ToolSet::NodeVersions,
    ];

    /// The sets that there are for this machine.
    pub fn here() -> impl Iterator<Item = ToolSet> {
        Self::ALL.into_iter().filter(|set| set.is_for(Platform::host()))
    }

    /// The registry has Node.js for the platforms of the package alone.
    fn is_for(self, host: Option<Platform>) -> bool {
        match self {
            ToolSet::NodeVersions => host.is_some(),
            ToolSet::Rcodesign => false,
            _ => true,
        }
    }

    fn is_from_npm(self) -> bool {
        matches!(
            self,
            ToolSet::McpNode | ToolSet::Node | ToolSet::Consumers | ToolSet::NodeVersions
        )
    }

    pub fn name(self) -> &'static str {
        match self {
            ToolSet::Python => "python",
            ToolSet::Payload => "payload",
            ToolSet::Metricflow => "metricflow",
            ToolSet::Engines => "engines",
            ToolSet::Cross => "cross",
            ToolSet::Auditable => "auditable",
            ToolSet::Rcodesign => "rcodesign",
            ToolSet::Mcp => "mcp",
            ToolSet::McpNode => "mcp-node",
            ToolSet::Node => "node",
            ToolSet::Consumers => "consumers",
            ToolSet::NodeVersions => "node-versions",
        }
    }
}

/// A tool set that is installed.
#[derive(Clone, Debug)]
pub struct Tools {
    set: ToolSet,
    folder: Utf8PathBuf,
}

impl Tools {
    /// Where the set is installed.
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// The path of one of the set's programs.
    pub fn program(&self, name: &str) -> Utf8PathBuf {
        match self.set {
            ToolSet::Auditable | ToolSet::Rcodesign => crates::program(&self.folder, name),
            set if set.is_from_npm() => node::program(&self.folder, name),
            _ => python::program(&self.folder, name),
        }
    }

    /// The folder of an installed Python package of the set.
    pub fn library(&self, package: &str) -> Result<Utf8PathBuf> {
        python::library(&self.folder, package)
    }

    /// The folder with the set's programs, for `PATH`.
    pub fn programs(&self) -> Utf8PathBuf {
        match self.set {
            ToolSet::Auditable | ToolSet::Rcodesign => self.folder.join("bin"),
            set if set.is_from_npm() => self.folder.join("node_modules/.bin"),
            _ => python::programs(&self.folder),
        }
    }
}

/// Makes sure that a set is installed, and says where.
pub fn provide(session: &Session<'_>, set: ToolSet) -> Result<Tools> {
    let root = session.root()?;
    let tools = root.join("target/tools");
    let folder = tools.join(set.name());
    fs::create_dir_all(&tools)?;
    let lock = fs::File::create(tools.join(format!(".{}.lock", set.name())))?;
    lock.file().lock()?;
    match set {
        ToolSet::Auditable | ToolSet::Rcodesign => {
            crates::install(session, &requirements(session, set)?, &folder)?
        }
        set if set.is_from_npm() => {
            node::install(session, &root.join("xtask/tools").join(set.name()), &folder)?;
        }
        _ => python::install(session, &tools, &requirements(session, set)?, &folder)?,
    }
    Ok(Tools { set, folder })
}

/// Runs a registry's client that installs `name`.
fn fetch(session: &Session<'_>, name: &str, client: impl Into<Command>) -> Result<()> {
    process::run(session.printer, client, OutputMode::Kept)
        .map(drop)
        .map_err(|error| {
            Failure::new(Exit::Network, format!("failed to install `{name}`"))
                .hint("make sure that the package registries can be reached, then run: cargo xtask install-tools")
                .instead_of(error)
        })
}

/// uv alone, which the others are installed with.
pub fn uv(session: &Session<'_>) -> Result<Utf8PathBuf> {
    let tools = session.root()?.join("target/tools");
    fs::create_dir_all(&tools)?;
    python::bootstrap(session, &tools, &interpreter(session)?)
}

fn requirements(session: &Session<'_>, set: ToolSet) -> Result<Utf8PathBuf> {
    Ok(session
        .root()?
        .join("xtask/tools")
        .join(format!("{}.txt", set.name())))
}
