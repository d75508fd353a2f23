//! A real MariaDB server for one test, on a private socket, gone with the value.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ktx_fixtures::needs::skip;
use tempfile::TempDir;

const START: Duration = Duration::from_secs(60);

pub struct Mariadb {
    home: TempDir,
    server: Child,
}

impl Mariadb {
    /// None after saying why the test is skipped.
    pub fn start() -> Option<Self> {
        let (Some(daemon), Some(install)) = (program("mariadbd"), program("mariadb-install-db")) else {
            skip("no MariaDB server: install Debian's mariadb-server, so that mariadbd is found");
            return None;
        };
        let home = tempfile::Builder::new()
            .prefix("ktx-mariadb-")
            .tempdir()
            .expect("a temporary folder");
        let mut user = Vec::new();
        if fs_err::metadata(home.path()).is_ok_and(|folder| is_root_owned(&folder)) {
            let status = Command::new("chown").arg("mysql").arg(home.path()).status();
            assert!(status.expect("starts chown").success());
            user.push("--user=mysql".to_owned());
        }
        let data = format!("--datadir={}", home.path().join("data").display());
        let installed = Command::new(install)
            .arg("--no-defaults")
            .args(&user)
            .args([
                &data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .output()
            .expect("starts");
        assert!(installed.status.success(), "{installed:?}");
        let log = fs_err::File::create(home.path().join("log"))
            .expect("creates")
            .into_parts()
            .0;
        let server = Command::new(daemon)
            .arg("--no-defaults")
            .args(&user)
            .args([
                &data,
                &format!("--socket={}", socket(home.path())),
                "--skip-networking",
            ])
            .args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("starts");
        let server = Self { home, server };
        let deadline = Instant::now() + START;
        while !server
            .client("select 1")
            .status()
            .is_ok_and(|status| status.success())
        {
            assert!(Instant::now() < deadline, "it did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// Of a database, for `root`, which has no password.
    pub fn url(&self, database: &str) -> String {
        format!(
            "mysql://root@localhost/{database}?unix_socket={}",
            socket(self.home.path())
        )
    }

    pub fn sql(&self, sql: &str) {
        let done = self.client(sql).stderr(Stdio::inherit()).status();
        assert!(done.expect("starts").success(), "{sql}");
    }

    fn client(&self, sql: &str) -> Command {
        let mut client = Command::new("mariadb");
        client
            .args([
                "--no-defaults",
                "--user=root",
                "--socket",
                &socket(self.home.path()),
                "--execute",
                sql,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        client
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn socket(home: &Path) -> String {
    home.join("s").display().to_string()
}

#[cfg(unix)]
fn is_root_owned(folder: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(folder) == 0
}

#[cfg(not(unix))]
fn is_root_owned(_folder: &std::fs::Metadata) -> bool {
    false
}

/// Debian keeps the server off the PATH of users.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
