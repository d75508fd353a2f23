//! Output is never lost in silence: every command against a full disk, a reader that is gone, one that is slow, and a
//! pipe that does not block. The list of commands comes from clap, by way of the completions that it writes.

use std::collections::BTreeSet;
use std::io::{PipeReader, Read, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::sandbox::bundle::BundleBench;
use crate::sandbox::python::{self, SharedPython};
use crate::sandbox::{SHOP, Sandbox, Transcript, execute};

const ORDERS: &str = "name: orders
table: orders
grain: [id]
columns:
  - {name: id, type: number}
measures:
  - {name: n, expr: count(id)}
";

const SERVE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

/// What makes each command print, and whether it needs Python. A command that is not here fails the test.
const COMMANDS: &[(&str, &[&str])] = &[
    ("agent context", &["--json"]),
    ("agent sl list", &["--json"]),
    (
        "agent sl query",
        &["--json", "--connection-id", "wh", "--query-file", "query.json"],
    ),
    ("agent sl read", &["orders", "--json"]),
    (
        "agent sql execute",
        &[
            "--json",
            "--connection-id",
            "wh",
            "--sql-file",
            "query.sql",
            "--max-rows",
            "900",
        ],
    ),
    ("agent tools", &["--json"]),
    ("agent wiki read", &["arr", "--json"]),
    ("agent wiki search", &["revenue", "--json"]),
    ("completions", &["bash"]),
    (
        "connection add",
        &["spare", "--driver", "sqlite", "--path", "shop.db"],
    ),
    ("connection list", &["--json"]),
    ("connection remove", &["spare"]),
    ("connection test", &["wh"]),
    ("dev ingest replay", &["--report-file", "report.json"]),
    (
        "dev ingest run",
        &[
            "--connection-id",
            "wh",
            "--adapter",
            "fake",
            "--source-dir",
            "fake",
            "--no-input",
        ],
    ),
    ("dev ingest status", &["--report-file", "report.json"]),
    ("dev ingest watch", &["--report-file", "report.json"]),
    ("dev init", &["made", "--force"]),
    ("dev scan", &["wh", "--dry-run"]),
    ("dev scan report", &["RUN"]),
    ("dev scan status", &["RUN"]),
    ("ingest", &["wh", "--no-input"]),
    (
        "runtime bundle create",
        &["--output", "runtime.bundle", "--python", "PYTHON", "--json"],
    ),
    ("runtime bundle verify", &["runtime.bundle"]),
    ("runtime doctor", &[]),
    ("runtime install", &[]),
    ("runtime prune", &["--dry-run"]),
    ("runtime start", &[]),
    ("runtime status", &[]),
    ("runtime stop", &[]),
    ("serve", &["--mcp", "stdio"]),
    ("setup", &["--existing", "--no-input"]),
    ("setup demo", &["--project-dir", "DEMO"]),
    ("setup demo reset", &["--project-dir", "DEMO", "--force"]),
    ("setup mcp", &["--client", "codex"]),
    ("setup status", &[]),
    ("serve status", &[]),
    ("serve stop", &[]),
    ("sl docs", &["--output", "docs"]),
    ("sl graph", &["--format", "html"]),
    ("sl list", &["--output", "json"]),
    ("sl query", &["--measure", "orders.n", "--execute"]),
    ("sl read", &["orders"]),
    ("sl validate", &["orders"]),
    ("sl write", &["orders", "--yaml", ORDERS]),
    ("status", &[]),
    ("wiki list", &[]),
    ("wiki read", &["arr"]),
    ("wiki search", &["revenue"]),
    ("wiki validate", &[]),
    (
        "wiki write",
        &["noted", "--summary", "What was noted", "--content", "This."],
    ),
];

/// Groups that print nothing by themselves.
const GROUPS: &[&str] = &[
    "agent",
    "agent sl",
    "agent sql",
    "agent wiki",
    "connection",
    "dev",
    "dev ingest",
    "runtime",
    "runtime bundle",
    "sl",
    "wiki",
];

/// Every command and group, as the completion script for bash names them.
fn listed_by_clap(sandbox: &Sandbox) -> BTreeSet<String> {
    let script = sandbox.run(&["completions", "bash"]).succeeds().stdout();
    script
        .lines()
        .filter_map(|line| line.trim().strip_prefix("cmd=\"ktx__subcmd__"))
        .map(|rest| rest.trim_end_matches('"').replace("__subcmd__", " "))
        .filter(|name| !name.split(' ').any(|word| word == "help"))
        .collect()
}

struct Bench {
    sandbox: Sandbox,
    run: String,
    bundle: BundleBench,
    _shared: Arc<SharedPython>,
}

impl Bench {
    fn new() -> Option<Self> {
        let shared = python::shared()?;
        let sandbox = shared.sandbox(Sandbox::with_config(SHOP));
        sandbox.write("semantic-layer/wh/orders.yaml", ORDERS);
        sandbox.write("query.json", r#"{"measures": ["orders.n"]}"#);
        sandbox.write(
            "knowledge/global/arr.md",
            "---\nsummary: Revenue\n---\n\nRevenue of a year.\n",
        );
        sandbox.write("query.sql", "select o.id, p.id from orders o, orders p");
        sandbox.write("fake/one/a.txt", "a");
        sandbox.database(
            "shop.db",
            "create table orders (id integer primary key); insert into orders values (1), (2), (3)",
        );
        let ingest = [
            "dev",
            "ingest",
            "run",
            "--connection-id",
            "wh",
            "--adapter",
            "fake",
        ];
        let report = sandbox
            .run(&[&ingest[..], &["--source-dir", "fake", "--json"]].concat())
            .succeeds();
        sandbox.write("report.json", report.stdout());
        let scanned = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds();
        let run = scanned.json()["runId"].as_str().expect("a run id").to_owned();
        let bundle = BundleBench::in_folder(&sandbox.root().join("package"));
        let _ = bundle.create(&sandbox, "runtime.bundle");
        Some(Self {
            sandbox,
            run,
            bundle,
            _shared: shared,
        })
    }

    /// The command, ready to be given its stdout.
    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let demo = self.sandbox.root().join("demo").display().to_string();
        let words: Vec<&str> = name
            .split(' ')
            .chain(arguments.iter().map(|word| match *word {
                "RUN" => self.run.as_str(),
                "DEMO" => demo.as_str(),
                "PYTHON" => self.bundle.python(),
                word => word,
            }))
            .collect();
        let mut command = self.sandbox.process(&words);
        if name.starts_with("runtime bundle") {
            command.envs(self.bundle.variables());
        }
        match name {
            "connection add" => self.sandbox.write("ktx.yaml", SHOP),
            "connection remove" => self.sandbox.write(
                "ktx.yaml",
                format!("{SHOP}  spare: {{driver: sqlite, path: shop.db}}\n"),
            ),
            _ => {}
        }
        if name == "setup demo" {
            let _ = fs_err::remove_dir_all(&demo);
        }
        if name == "serve" {
            command.stdin(Stdio::piped());
        }
        command.stderr(Stdio::piped());
        command
    }
}

/// Starts it; a server is asked for something, and then left.
fn spawn(mut command: Command) -> Child {
    let mut child = command.spawn().expect("starts ktx");
    drop(command);
    if let Some(mut stdin) = child.stdin.take() {
        // A server that gave up already reads nothing.
        let _ = writeln!(stdin, "{SERVE}");
    }
    child
}

fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().expect("waits");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn every_command_is_in_the_table() {
    let sandbox = Sandbox::new();
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(name, _)| *name)
        .chain(GROUPS.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(listed_by_clap(&sandbox), known);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_every_command_with_the_reason() {
    let Some(bench) = Bench::new() else { return };
    for (name, arguments) in COMMANDS {
        let full = fs_err::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("opens");
        let mut command = bench.command(name, arguments);
        command.stdout(full.into_file());
        let (code, stderr) = ended(spawn(command));
        assert_eq!(code, Some(1), "{name}: {stderr}");
        assert!(
            stderr.contains("failed to write to stdout: No space left on device"),
            "{name}: {stderr}"
        );
    }
}

#[test]
fn a_reader_that_is_gone_ends_every_command_quietly() {
    let Some(bench) = Bench::new() else { return };
    for (name, arguments) in COMMANDS {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = bench.command(name, arguments);
        command.stdout(writer);
        let (code, stderr) = ended(spawn(command));
        assert_eq!(code, Some(0), "{name}: {stderr}");
        for noise in ["failed to write", "Broken pipe", "panicked"] {
            assert!(!stderr.contains(noise), "{name}: {stderr}");
        }
    }
}

/// Reads a byte now and then at first, and everything in the end.
fn read_slowly(mut reader: PipeReader) -> String {
    let mut text = Vec::new();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(30));
        let mut byte = [0];
        if reader.read(&mut byte).expect("reads") == 1 {
            text.push(byte[0]);
        }
    }
    reader.read_to_end(&mut text).expect("reads");
    String::from_utf8(text).expect("UTF-8")
}

/// What differs from run to run: digits, and the ids and times made of them.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for line in text.lines() {
        let plain: String = line
            .split(|letter: char| !letter.is_ascii_alphabetic() && letter != ':')
            .filter(|word| word.len() > 2)
            .collect::<Vec<_>>()
            .join(" ");
        shape.push_str(&plain);
        shape.push('\n');
    }
    shape
}

#[cfg(unix)]
#[test]
fn a_slow_reader_and_a_pipe_that_does_not_block_get_every_line() {
    let Some(bench) = Bench::new() else { return };
    for (name, arguments) in COMMANDS {
        // The first run of a command may install, start or write what the next ones find.
        let outputs: Vec<String> = [None, Some(false), Some(true)]
            .into_iter()
            .map(|blocking| {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                // The smallest that there is, so that it is full at once.
                let _ = rustix::pipe::fcntl_setpipe_size(&writer, 4096);
                if blocking == Some(false) {
                    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).expect("does not block");
                }
                let mut command = bench.command(name, arguments);
                command.stdout(writer);
                let child = spawn(command);
                let text = read_slowly(reader);
                let (code, stderr) = ended(child);
                assert_eq!(code, Some(0), "{name}: {stderr}");
                bench.sandbox.redacted(&text)
            })
            .collect();
        assert!(
            outputs.iter().all(|output| !output.is_empty()),
            "{name} prints nothing"
        );
        // The tests that run beside this one share the runtime, and may have started its daemon again.
        if *name == "runtime stop" {
            for output in &outputs {
                let whole = if output.starts_with("Stopped ") { 4 } else { 1 };
                assert_eq!(output.lines().count(), whole, "{output}");
            }
            continue;
        }
        assert_eq!(
            shape(&outputs[1]).lines().count(),
            shape(&outputs[2]).lines().count(),
            "{name}"
        );
        if !matches!(*name, "ingest" | "dev ingest run") {
            assert_eq!(shape(&outputs[1]), shape(&outputs[2]), "{name}");
        }
    }
}

#[test]
fn a_large_answer_is_whole_or_the_command_fails() {
    let sandbox = Sandbox::with_config(SHOP);
    sandbox.database("shop.db", "create table t (x)");
    sandbox.write(
        "many.sql",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 900) select i, hex(zeroblob(500)) from n",
    );
    let whole: Transcript = sandbox.run(&execute("wh", "many.sql", "900")).succeeds();
    assert_eq!(whole.json()["rowCount"], 900);
}
