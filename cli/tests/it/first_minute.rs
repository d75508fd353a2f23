//! The first minute, as it is seen: with and without uv, with an old one; agreed to, refused, nobody to ask; on a terminal,
//! in a pipe, in CI; online, offline, from a bundle.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use ktx_fixtures::bundle_inputs::BundleInputs;
use ktx_fixtures::{needs, payload};

use crate::sandbox::bundle::host_python;
use crate::sandbox::{Sandbox, python};

const QUERY: [&str; 7] = [
    "sl",
    "query",
    "--measure",
    "orders.n",
    "--execute",
    "--format",
    "sql",
];
const CONFIG: &str = "project: shop\nconnections:\n  wh: {driver: sqlite, path: shop.db, readonly: true}\n";
const ORDERS: &str = "name: orders
table: orders
grain: [id]
columns:
  - {name: id, type: number}
measures:
  - {name: n, expr: count(id)}
";

/// What a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Equipped,
    /// Its uv is too old.
    Outdated,
    /// It has no uv; its index has the one that the package pins.
    Bare,
}

struct Bench {
    sandbox: Sandbox,
}

impl Bench {
    /// With a small package of two requirements, and the folder that has them for an index.
    fn new(machine: Machine) -> Bench {
        let sandbox = Sandbox::with_config(CONFIG);
        let uv = payload::uv().expect("no uv: run `cargo xtask install-tools`");
        let inputs = BundleInputs::write_to(&sandbox.root().join("package"), &uv);
        sandbox.write("semantic-layer/wh/orders.yaml", ORDERS);
        sandbox.database(
            "shop.db",
            "create table orders (id integer primary key); insert into orders values (1), (2)",
        );
        let folder = sandbox.root().join("bin");
        fs_err::create_dir(&folder).expect("a folder");
        match machine {
            Machine::Bare => {}
            Machine::Equipped => std::os::unix::fs::symlink(&uv, folder.join("uv")).expect("a link"),
            Machine::Outdated => {
                use std::os::unix::fs::PermissionsExt;
                fs_err::write(folder.join("uv"), "#!/bin/sh\necho uv 0.4.30\n").expect("written");
                let mode = std::fs::Permissions::from_mode(0o755);
                fs_err::set_permissions(folder.join("uv"), mode).expect("changed");
            }
        }
        let path = std::env::var_os("PATH").expect("a search path");
        let others = std::env::split_paths(&path).filter(|folder| !folder.join("uv").exists());
        let path = std::env::join_paths(std::iter::once(folder).chain(others)).expect("a search path");
        let text = |path: std::path::PathBuf| path.display().to_string();
        let sandbox = sandbox
            .variable("KTX_UV", "")
            .variable("PATH", path.to_string_lossy())
            .variable("KTX_ASSET_DIR", text(inputs.assets()))
            .variable("UV_FIND_LINKS", text(inputs.links()))
            .variable("UV_NO_INDEX", "1");
        let root = text(sandbox.root().join("runtime"));
        let cache = text(sandbox.root().join("cache"));
        Bench {
            sandbox: sandbox
                .variable("KTX_RUNTIME_ROOT", root)
                .variable("UV_CACHE_DIR", cache),
        }
    }

    /// The same with the real payload, whose wheels come from the user's index or cache: this one gets to its first SQL.
    fn with_payload(machine: Machine) -> Bench {
        let Bench { sandbox } = Bench::new(machine);
        let package = sandbox.root().join("package/assets/python");
        fs_err::remove_dir_all(&package).expect("removed");
        fs_err::create_dir(&package).expect("a folder");
        for file in fs_err::read_dir(payload::assets()).expect("the payload") {
            let file = file.expect("an entry");
            fs_err::copy(file.path(), package.join(file.file_name())).expect("copied");
        }
        let sandbox = sandbox.variable("UV_NO_INDEX", "");
        Bench {
            sandbox: python::with_index(sandbox),
        }
    }

    fn variable(self, name: &str, value: &str) -> Bench {
        Bench {
            sandbox: self.sandbox.variable(name, value),
        }
    }

    /// In a pipe: nobody can be asked.
    fn piped(&self, arguments: &[&str]) -> String {
        self.redacted(&self.sandbox.run(arguments).to_string())
    }

    /// On a terminal, with an answer to each question.
    fn on_terminal(&self, arguments: &[&str], answers: &[&str]) -> String {
        let shown = terminal(&self.sandbox, arguments, answers, 100, "xterm");
        format!("$ ktx {}\n{}", arguments.join(" "), self.redacted(&shown))
    }

    fn redacted(&self, text: &str) -> String {
        let text = self
            .sandbox
            .redacted(text)
            .replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| match line.split_once("uv 9.9.9 (") {
                Some((before, after)) => {
                    let (_, after) = after.split_once(')').unwrap_or_default();
                    format!("{before}uv 9.9.9 ([SIZE]){after}\n")
                }
                None => format!("{line}\n"),
            })
            .collect()
    }
}

/// What a terminal of this width shows in the end: no escape codes, no spinner; and the exit code.
fn terminal(sandbox: &Sandbox, arguments: &[&str], answers: &[&str], columns: usize, term: &str) -> String {
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    // Without an echo: a key that is typed before the question reads it would be shown.
    let line = format!(
        "stty rows 24 cols {columns} -echo; exec {} {}",
        cargo_bin!("ktx").display(),
        words.join(" ")
    );
    let mut command = Command::new("script");
    command
        .args(["-qefc", &line, "/dev/null"])
        .env_clear()
        .envs(sandbox.environment())
        .env("TERM", term)
        .current_dir(sandbox.project())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("`script`, of util-linux");
    let shown: Arc<Mutex<Vec<u8>>> = Arc::default();
    let mut output = child.stdout.take().expect("its output");
    let sink = Arc::clone(&shown);
    let reading = std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut piece) {
            sink.lock().expect("a lock").extend_from_slice(&piece[..count]);
        }
    });
    let text = || String::from_utf8_lossy(&shown.lock().expect("a lock")).into_owned();
    let mut keyboard = child.stdin.take().expect("its input");
    for (number, answer) in answers.iter().enumerate() {
        let deadline = Instant::now() + Duration::from_secs(60);
        while text().matches("[Y/n] ").count() <= number {
            assert!(
                Instant::now() < deadline,
                "question {number} is not asked: {}",
                text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        // Typed once, and at once: the question takes a key from when it is seen.
        keyboard.write_all(answer.as_bytes()).expect("typed");
    }
    let status = child.wait().expect("it ends");
    reading.join().expect("it is read");
    let mut lines: Vec<String> = Vec::new();
    for line in text().split('\n') {
        // What is drawn over is not seen.
        let line = line
            .trim_end_matches('\r')
            .rsplit('\r')
            .next()
            .unwrap_or_default();
        let line = console::strip_ansi_codes(line).trim_end().to_owned();
        let is_spinner = line
            .trim_start()
            .starts_with(|letter| ('\u{2800}'..='\u{28ff}').contains(&letter));
        if !line.is_empty() && !is_spinner {
            lines.push(line);
        }
    }
    format!("{}\n--- exit {}\n", lines.join("\n"), status.code().unwrap_or(-1))
}

#[test]
fn ctrl_c_counts_as_soon_as_the_question_is_seen() {
    if needs::script().is_none() {
        return;
    }
    let bench = Bench::new(Machine::Equipped);
    for _ in 0..10 {
        let shown = bench.on_terminal(&QUERY, &["\u{3}"]);
        assert!(
            shown.contains("[Y/n] ^C\n") && shown.ends_with("--- exit 130\n"),
            "{shown}"
        );
    }
}

#[test]
fn twelve_tries_of_the_first_minute() {
    if needs::script().is_none() {
        return;
    }
    let yes = [&QUERY[..], &["--yes"]].concat();
    let install = ["runtime", "install"];
    let with_uv = [&yes[..], &["--with-uv"]].concat();
    let mut told = String::new();
    let mut tell = |number: usize, what: &str, said: String| {
        told += &format!("{number}. {what}\n{said}\n");
    };
    tell(
        1,
        "a terminal, without uv, the runtime refused",
        Bench::new(Machine::Bare).on_terminal(&QUERY, &["n"]),
    );
    tell(
        2,
        "a terminal, without uv, uv refused",
        Bench::new(Machine::Bare).on_terminal(&QUERY, &["y", "n"]),
    );
    tell(
        3,
        "a terminal, without uv, both agreed to",
        Bench::with_payload(Machine::Bare).on_terminal(&QUERY, &["y", "y"]),
    );
    tell(
        4,
        "a terminal, with uv, agreed to",
        Bench::with_payload(Machine::Equipped).on_terminal(&QUERY, &["y"]),
    );
    tell(
        5,
        "a terminal, an old uv, the offer refused",
        Bench::new(Machine::Outdated).on_terminal(&install, &["q"]),
    );
    tell(
        6,
        "a terminal, Ctrl-C at the question",
        Bench::new(Machine::Equipped).on_terminal(&QUERY, &["\u{3}"]),
    );
    tell(
        7,
        "a pipe, nobody to ask",
        Bench::new(Machine::Equipped).piped(&QUERY),
    );
    tell(
        8,
        "a pipe, without uv, --yes alone",
        Bench::new(Machine::Bare).piped(&yes),
    );
    let bench = Bench::with_payload(Machine::Bare);
    tell(9, "a pipe, without uv, --yes --with-uv", bench.piped(&with_uv));
    assert!(bench.sandbox.root().join("runtime/uv/9.9.9/uv").exists());
    let bench = Bench::with_payload(Machine::Equipped).variable("CI", "true");
    tell(10, "CI, with uv", bench.piped(&yes));
    let bench = Bench::new(Machine::Equipped)
        .variable("UV_OFFLINE", "1")
        .variable("UV_FIND_LINKS", "");
    let offline = bench.piped(&install);
    assert!(
        offline.contains("Python runtime install failed.") && offline.contains("--- exit 1"),
        "{offline}"
    );
    assert!(!offline.contains('\u{1b}'), "{offline}");
    tell(
        11,
        "offline, with uv",
        offline.lines().next().unwrap_or_default().to_owned() + "\n[FAILED]\n",
    );
    let bench = Bench::with_payload(Machine::Bare);
    let python = host_python();
    let create = [
        "runtime",
        "bundle",
        "create",
        "--output",
        "runtime.bundle",
        "--python",
        &python,
    ];
    let _ = bench.sandbox.run(&create).succeeds();
    let bench = bench.variable("UV_FIND_LINKS", "").variable("UV_OFFLINE", "1");
    let bench = bench.variable("UV_CACHE_DIR", "/nowhere/cache");
    let installed = bench.piped(&["runtime", "install", "--from", "runtime.bundle"]);
    assert!(
        installed.contains("Installed KTX Python runtime\n"),
        "{installed}"
    );
    tell(12, "a bundle, without uv", bench.piped(&QUERY));
    insta::assert_snapshot!(told);
}

/// A terminal that cannot move its cursor, one without a width, and a narrow one.
#[test]
fn odd_terminals_show_the_same_words() {
    if needs::script().is_none() {
        return;
    }
    for (columns, term) in [
        (100, "xterm"),
        (0, "xterm"),
        (40, "xterm"),
        (100, "dumb"),
        (0, "dumb"),
    ] {
        let bench = Bench::new(Machine::Bare);
        let shown = terminal(&bench.sandbox, &["runtime", "install"], &["y"], columns, term);
        let shown = bench.redacted(&shown);
        assert!(
            shown.contains("Installed KTX Python runtime\n"),
            "{columns} {term}: {shown}"
        );
        assert!(shown.ends_with("--- exit 0\n"), "{columns} {term}: {shown}");
        let asked = shown.matches("Continue? [Y/n] yes").count();
        assert_eq!(asked, 1, "{columns} {term}: {shown}");
        let listed = terminal(&bench.sandbox, &["sl", "list"], &[], columns, term);
        assert!(
            listed.contains("orders") && listed.ends_with("--- exit 0\n"),
            "{columns} {term}: {listed}"
        );
        let help = terminal(&bench.sandbox, &["--help"], &[], columns, term);
        assert!(
            help.contains("Usage: ktx") && help.ends_with("--- exit 0\n"),
            "{columns} {term}: {help}"
        );
    }
}
