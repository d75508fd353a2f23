//! A place where a program runs as on a user's machine but cannot touch the files of this machine's user.
//!
//! The only module that starts processes. Knows nothing about scenarios and expectations.

mod environment;
mod family;
mod guardian;
mod invocation;
mod network;
mod process;
mod seed;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

pub use environment::{Folders, Machine, NPM_SETTINGS, join_paths};
pub use family::{Family, Member, Signal, signal, signal_group};
pub use guardian::{Guardian, keep_watch};
pub use invocation::Invocation;
pub use network::{NoNetwork, refusal as network_namespace_refusal};
pub use process::{Ended, Interrupted, ProcessOutput, Running};
pub use seed::{copy_tree, hard_link_tree};

/// The folders, the environment and the processes of one scenario.
#[derive(Debug)]
pub struct Sandbox {
    folders: Folders,
    environment: BTreeMap<String, String>,
    family: Family,
}

impl Sandbox {
    /// Makes the folders. `root` must not exist yet.
    pub fn create(root: &Utf8Path, machine: &Machine) -> std::io::Result<Sandbox> {
        let folders = Folders {
            root: root.to_owned(),
        };
        fs::create_dir(root)?;
        for name in ["home", "config", "data", "cache", "state", "run", "tmp", "work"] {
            fs::create_dir(folders.at(name))?;
        }
        Ok(Sandbox {
            environment: environment::of(machine, &folders),
            family: Family::of(root),
            folders,
        })
    }

    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The folder in which commands run by default.
    pub fn work(&self) -> Utf8PathBuf {
        self.folders.at("work")
    }

    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    pub fn family(&self) -> &Family {
        &self.family
    }

    /// Starts a command and leaves it running.
    pub fn start(&self, invocation: &Invocation) -> std::io::Result<Running> {
        Running::start(invocation.command(self), invocation.input().to_vec())
    }

    /// Runs a command to its end, or to its deadline.
    pub fn run(
        &self,
        invocation: &Invocation,
        interrupted: Interrupted<'_>,
    ) -> std::io::Result<ProcessOutput> {
        Ok(self
            .start(invocation)?
            .finish(invocation.deadline(), &self.family, interrupted))
    }

    /// Ends whatever runs and removes every file.
    pub fn remove(&self) -> std::io::Result<()> {
        self.family.end_all();
        remove_tree(&self.folders.root)
    }
}

/// A port of the loopback interface that nobody listens on now, for a server that cannot choose one by itself.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Removes a folder, read-only folders inside it included.
pub fn remove_tree(root: &Utf8Path) -> std::io::Result<()> {
    if fs::remove_dir_all(root).is_ok() || !root.exists() {
        return Ok(());
    }
    make_writable(root)?;
    fs::remove_dir_all(root)
}

#[cfg(unix)]
fn make_writable(folder: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_writable(_folder: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
