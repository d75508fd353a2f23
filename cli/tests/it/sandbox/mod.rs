//! A home, a project folder and an environment for one test, and the transcript of what `ktx` said in it.

pub mod bundle;
pub mod clickhouse;
pub mod mariadb;
pub mod mcp;
pub mod postgres;
pub mod python;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// A shop in a SQLite file, `shop.db`.
pub const SHOP: &str = "project: shop\nconnections:\n  wh: {driver: sqlite, path: shop.db, readonly: true}\n";

/// The arguments that run the statement in a file of the project.
pub const fn execute<'a>(connection: &'a str, file: &'a str, max_rows: &'a str) -> [&'a str; 10] {
    [
        "agent",
        "sql",
        "execute",
        "--json",
        "--connection-id",
        connection,
        "--sql-file",
        file,
        "--max-rows",
        max_rows,
    ]
}

/// Everything a test may touch lies below one folder, which goes when the test ends.
pub struct Sandbox {
    root: TempDir,
    variables: Vec<(String, String)>,
}

/// The exit status, stdout and stderr of one command, with what differs between runs redacted.
#[must_use]
pub struct Transcript {
    pub output: Output,
    text: String,
}

/// Polls for a state, for as long as the slowest machine may need.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Sandbox {
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("ktx-it-")
            .tempdir()
            .expect("a temporary folder");
        let sandbox = Self {
            root,
            variables: Vec::new(),
        };
        fs_err::create_dir_all(sandbox.project()).expect("the project folder");
        fs_err::create_dir_all(sandbox.root.path().join("home")).expect("the home folder");
        sandbox
    }

    /// One with a `ktx.yaml`.
    pub fn with_config(config: &str) -> Self {
        let sandbox = Self::new();
        sandbox.write("ktx.yaml", config);
        sandbox
    }

    /// One with these sources of its connection `wh`, and what is in the connection's `shop.db`.
    pub fn with_shop(config: &str, sources: &[(&str, &str)], sql: &str) -> Self {
        let sandbox = Self::with_config(config);
        for (name, source) in sources {
            sandbox.write(&format!("semantic-layer/wh/{name}.yaml"), source);
        }
        sandbox.database("shop.db", sql);
        sandbox
    }

    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.project().join(path);
        fs_err::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        fs_err::write(path, text).expect("writes");
    }

    pub fn read(&self, path: &str) -> String {
        fs_err::read_to_string(self.project().join(path)).expect("reads")
    }

    pub fn exists(&self, path: &str) -> bool {
        self.project().join(path).exists()
    }

    /// A SQLite file in the project.
    pub fn database(&self, path: &str, sql: &str) {
        let connection = rusqlite::Connection::open(self.project().join(path)).expect("creates the database");
        connection.execute_batch(sql).expect("fills the database");
    }

    /// The program with a clean environment; the working folder is the project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.process(arguments))
    }

    /// The same, for a test that needs the running process: to write to it, to read it slowly, to signal it.
    pub fn process(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(cargo_bin!("ktx"));
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .envs(self.environment())
            .stdin(Stdio::null());
        command
    }

    /// What a process needs to start, where it may write, and the variables of this sandbox: nothing else.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let root = self.root.path();
        let mut environment = vec![
            ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
            ("HOME".into(), root.join("home").into()),
            ("XDG_DATA_HOME".into(), root.join("data").into()),
            ("TMPDIR".into(), root.into()),
        ];
        // What a machine lacks is reported; this one lacks nothing, unless a test says so.
        environment.extend(ktx_fixtures::payload::uv().map(|uv| ("KTX_UV".into(), uv.into())));
        let variables = self.variables.iter();
        environment.extend(variables.map(|(name, value)| (name.into(), value.into())));
        environment
    }

    pub fn run(&self, arguments: &[&str]) -> Transcript {
        self.run_with(arguments, [])
    }

    /// The same with more variables.
    pub fn run_with<const N: usize>(
        &self,
        arguments: &[&str],
        variables: [(&'static str, String); N],
    ) -> Transcript {
        let mut command = self.command(arguments);
        let output = command.envs(variables).output().expect("starts ktx");
        let mut text = format!("$ ktx {}\n", arguments.join(" "));
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        if !output.stderr.is_empty() {
            text.push_str("--- stderr\n");
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        text.push_str(&format!("--- exit {}\n", output.status.code().unwrap_or(-1)));
        Transcript {
            text: self.redacted(&text),
            output,
        }
    }

    pub fn redacted(&self, text: &str) -> String {
        let project = self.project().display().to_string();
        let text = text
            .replace(&project, "[PROJECT]")
            .replace(&self.root.path().display().to_string(), "[SANDBOX]");
        redact_runs(&text)
    }
}

/// `2031-01-01-000000-local-m1x2` becomes `[SYNC]`, `local-m1x2` becomes `[RUN]`.
fn redact_runs(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("local-m") {
        let (before, run) = rest.split_at(at);
        let length = run
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
            .unwrap_or(run.len());
        let stamp = before.len().checked_sub(18).filter(|start| {
            before.is_char_boundary(*start) && before[*start..].starts_with("20") && before.ends_with('-')
        });
        match stamp {
            Some(start) => redacted.push_str(&format!("{}[SYNC]", &before[..start])),
            None => redacted.push_str(&format!("{before}[RUN]")),
        }
        rest = &run[length..];
    }
    redacted + rest
}

impl Transcript {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout()).unwrap_or_else(|error| panic!("{error}:\n{}", self.text))
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert!(self.output.status.success(), "{}", self.text);
        self
    }
}

impl std::fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}
