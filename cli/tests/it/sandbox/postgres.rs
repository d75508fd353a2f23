//! A real PostgreSQL server for one test, on a free port of loopback, gone with the value.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ktx_fixtures::needs::skip;
use tempfile::TempDir;

pub struct Postgres {
    home: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    /// None after saying why the test is skipped.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("no PostgreSQL server: install Debian's postgresql, so that initdb and pg_ctl are found");
            return None;
        };
        let home = tempfile::Builder::new()
            .prefix("ktx-postgres-")
            .tempdir()
            .expect("a temporary folder");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a free port")
            .port();
        let server = Self { home, programs, port };
        server.give_to_server_user();
        let cluster = server.cluster();
        server.run(
            "initdb",
            &[
                "-D",
                &cluster,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
            ],
        );
        let settings = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_preload_libraries=pg_stat_statements",
            server.home.path().display()
        );
        let log = server.home.path().join("log").display().to_string();
        server.run(
            "pg_ctl",
            &[
                "-D", &cluster, "-l", &log, "-w", "-t", "60", "-o", &settings, "start",
            ],
        );
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub fn sql(&self, sql: &str) {
        self.run(
            "psql",
            &["-v", "ON_ERROR_STOP=1", "-q", "-d", &self.url(), "-c", sql],
        );
    }

    /// What one query gives, as psql prints it bare.
    pub fn ask(&self, sql: &str) -> String {
        self.run("psql", &["-At", "-d", &self.url(), "-c", sql])
    }

    fn cluster(&self) -> String {
        self.home.path().join("cluster").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        // A server that pg_ctl starts keeps its streams, so they cannot be pipes that are read to the end.
        let said = self.home.path().join("said");
        let file = fs_err::File::create(&said).expect("creates").into_parts().0;
        let mut command = as_server_user(&self.programs.join(program));
        let command = command
            .args(arguments)
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        let status = command
            .stdout(file.try_clone().expect("clones"))
            .stderr(file)
            .status()
            .expect("starts");
        let said = fs_err::read_to_string(&said).expect("reads");
        assert!(status.success(), "{program} {arguments:?}: {said}");
        said
    }

    /// The server refuses to run as root.
    fn give_to_server_user(&self) {
        if is_root() {
            let status = Command::new("chown")
                .arg("postgres")
                .arg(self.home.path())
                .status()
                .expect("starts chown");
            assert!(status.success());
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut command = as_server_user(&self.programs.join("pg_ctl"));
        let command = command
            .args(["-D", &self.cluster(), "-m", "immediate", "-w", "stop"])
            .current_dir(self.home.path());
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn as_server_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// Debian keeps the server's programs off the PATH, one folder for each version.
fn programs() -> Option<PathBuf> {
    let versions = fs_err::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}
