//! The sandbox's own PostgreSQL server, which only listens on the loopback interface.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::{Invocation, Running, Signal, free_port};
use crate::stage::Stage;

/// How long the server may take to accept connections, and to shut down.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian puts the programs of each major version; they are not on `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

pub struct Server {
    programs: Utf8PathBuf,
    port: u16,
    running: Running,
}

/// The folder with `initdb`, the newest version first.
pub fn programs() -> Option<Utf8PathBuf> {
    let mut versions: Vec<_> = Utf8Path::new(DEBIAN)
        .read_dir_utf8()
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop()
}

impl Server {
    pub fn start(stage: &Stage<'_>) -> Result<Server, Stop> {
        let programs = programs().unwrap_or_default();
        let folder = stage.sandbox.folders().at("postgres");
        fs::create_dir(&folder)?;
        give_to_nobody(&folder)?;
        let data = folder.join("data");
        stage
            .step(
                "initdb",
                unprivileged(programs.join("initdb"))
                    .words("--auth trust --username smoke --encoding UTF8 --locale C --no-sync --pgdata")
                    .arg(data.as_str())
                    .within(&folder),
            )
            .check()?;
        let port = free_port()?;
        let running = stage.sandbox.start(
            &unprivileged(programs.join("postgres"))
                .args(["-D", data.as_str(), "-k", folder.as_str(), "-p"])
                .arg(port.to_string())
                .words("-c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB")
                .within(&folder),
        )?;
        let ready = running.says_within("ready to accept connections", PATIENCE);
        stage.ensure("postgres.ready", ready, || {
            format!("PostgreSQL did not start: {}", running.stderr_so_far())
        })?;
        Ok(Server {
            programs,
            port,
            running,
        })
    }

    pub fn url(&self) -> String {
        format!("postgresql://smoke@127.0.0.1:{}/postgres", self.port)
    }

    pub fn execute(&self, stage: &Stage<'_>, statements: &str) -> Result<(), Stop> {
        stage
            .step(
                "psql",
                Invocation::new(self.programs.join("psql"))
                    .words("--no-psqlrc --quiet --set ON_ERROR_STOP=1")
                    .arg(self.url())
                    .reading(statements),
            )
            .check()?;
        Ok(())
    }

    /// A fast shutdown: SIGINT, as its manual says.
    pub fn stop(self, stage: &Stage<'_>) {
        stage.stop(self.running, Signal::Interrupt, PATIENCE);
    }
}

/// PostgreSQL refuses to run as root; CI jobs in containers are root.
pub fn unprivileged(program: Utf8PathBuf) -> Invocation {
    let invocation = Invocation::new(program);
    if is_root() {
        invocation.wrapped(
            "setpriv",
            &["--reuid=65534", "--regid=65534", "--clear-groups", "--"],
        )
    } else {
        invocation
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// The folder, and the way to it.
#[cfg(unix)]
pub fn give_to_nobody(folder: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    if !is_root() {
        return Ok(());
    }
    std::os::unix::fs::chown(folder, Some(65534), Some(65534))?;
    for ancestor in folder.ancestors().skip(1).take(2) {
        let mode = fs::metadata(ancestor)?.permissions().mode();
        fs::set_permissions(ancestor, std::fs::Permissions::from_mode(mode | 0o011))?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub fn give_to_nobody(_folder: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
