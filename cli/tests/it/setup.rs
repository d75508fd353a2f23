//! `ktx setup`, `ktx status` and the demo project.

use assert_cmd::cargo::cargo_bin;
use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// A set-up that asks nothing and connects nothing.
pub const MINIMAL: &[&str] = &[
    "setup",
    "--new",
    "--no-input",
    "--yes",
    "--skip-llm",
    "--skip-embeddings",
    "--skip-databases",
    "--skip-sources",
    "--skip-agents",
];

#[test]
fn the_minimal_set_up_makes_a_project() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(MINIMAL), @r"
    $ ktx setup --new --no-input --yes --skip-llm --skip-embeddings --skip-databases --skip-sources --skip-agents
    KTX setup
    Project: [PROJECT]
    Embeddings setup skipped.
    KTX project: [PROJECT]
    Project ready: yes
    Embeddings ready: no
    Primary sources configured: no
    Context sources configured: no
    KTX context built: no

    What you can do next:
      add a database under `connections:` in [PROJECT]/ktx.yaml
      ktx setup demo
      ktx status --project-dir [PROJECT]
    --- exit 0
    ");
    assert_eq!(
        sandbox.read("ktx.yaml"),
        "project: \"project\"\nconnections: {}\nsetup:\n  completed_steps: [project]\n"
    );
    assert_snapshot!(sandbox.run(MINIMAL), @r"
    $ ktx setup --new --no-input --yes --skip-llm --skip-embeddings --skip-databases --skip-sources --skip-agents
    --- stderr
    Project already contains ktx.yaml: [PROJECT]/ktx.yaml
    hint: omit --new to use the existing project
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["setup", "--existing", "--no-input"]), @r"
    $ ktx setup --existing --no-input
    KTX setup
    Project: [PROJECT]
    Embeddings setup skipped.
    KTX project: [PROJECT]
    Project ready: yes
    Embeddings ready: no
    Primary sources configured: no
    Context sources configured: no
    KTX context built: no

    What you can do next:
      add a database under `connections:` in [PROJECT]/ktx.yaml
      ktx setup demo
      ktx status --project-dir [PROJECT]
    --- exit 0
    ");
}

#[test]
fn without_a_choice_nothing_is_made() {
    for (arguments, told) in [
        (
            &["--existing"][..],
            "No existing KTX project found at [PROJECT]. Pass --new to create it.",
        ),
        (
            &["--no-input"],
            "Missing setup choice: pass --new or --yes to create a project in non-interactive setup.",
        ),
        (
            &[],
            "Missing setup choice: pass --new or --yes to create a project outside an interactive terminal.",
        ),
    ] {
        let sandbox = Sandbox::new();
        let transcript = sandbox.run(&[&["setup"], arguments].concat());
        assert_eq!(transcript.output.status.code(), Some(1));
        assert!(transcript.to_string().contains(told), "{transcript}");
        assert!(!sandbox.exists("ktx.yaml"));
    }
}

#[test]
fn status_tells_what_is_set_up() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["status"]), @r"
    $ ktx status
    KTX project: [PROJECT]
    Project ready: no
    Embeddings ready: no
    Primary sources configured: no
    Context sources configured: no
    KTX context built: no
    No KTX project here yet. Make one with `ktx setup --new`, or try `ktx setup demo`.
    --- exit 0
    ");
    sandbox.write(
        "ktx.yaml",
        "project: p\nconnections:\n  a: {driver: sqlite}\n  b: {driver: postgres}\n",
    );
    assert_snapshot!(sandbox.run(&["status"]), @r"
    $ ktx status
    KTX project: [PROJECT]
    Project ready: yes
    Embeddings ready: no
    Primary sources configured: yes (a, b)
    Context sources configured: no
    KTX context built: no
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["setup", "status", "--json"]), @r#"
    $ ktx setup status --json
    {
      "project": {
        "path": "[PROJECT]",
        "ready": true,
        "name": "p"
      },
      "embeddings": {
        "ready": false
      },
      "databases": [
        "a",
        "b"
      ],
      "sources": [],
      "context": {
        "ready": false,
        "sourceCount": 0
      }
    }
    --- exit 0
    "#);
}

#[test]
fn the_demo_is_a_project_with_a_warehouse() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["setup", "demo", "--project-dir", "orbit"]), @r"
    $ ktx setup demo --project-dir orbit
    Demo project: [PROJECT]/orbit
    Status: ready
    Mode: seeded (pre-seeded demo project)
    Source: packaged demo project
    LLM calls: none
    Warehouse: 10 tables, 17578 rows (SQLite, connection orbit_demo)
    Semantic layer: 11 sources, 26 measures, 11 segments, 15 joins

    Next steps:
      ktx sl list --project-dir [PROJECT]/orbit
      ktx sl query --project-dir [PROJECT]/orbit --connection-id orbit_demo --measure contracts.contract_count --measure contracts.total_arr --dimension plans.tier --execute --yes
      ktx serve --mcp stdio --project-dir [PROJECT]/orbit

    Your KTX project files are at: [PROJECT]/orbit
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["sl", "list", "--project-dir", "orbit"]), @r"
    $ ktx sl list --project-dir orbit
    orbit_demo	account_revenue	columns=3	measures=2	joins=1
    orbit_demo	accounts	columns=10	measures=3	joins=3
    orbit_demo	contracts	columns=9	measures=5	joins=3
    orbit_demo	employees	columns=6	measures=1	joins=1
    orbit_demo	features	columns=3	measures=0	joins=0
    orbit_demo	invoices	columns=8	measures=5	joins=1
    orbit_demo	plans	columns=4	measures=0	joins=0
    orbit_demo	product_usage	columns=6	measures=3	joins=2
    orbit_demo	regions	columns=3	measures=0	joins=0
    orbit_demo	tickets	columns=10	measures=4	joins=3
    orbit_demo	users	columns=6	measures=3	joins=1
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["connection", "test", "--project-dir", "orbit"]), @r"
    $ ktx connection test --project-dir orbit
    orbit_demo: ok, 10 tables (sqlite)
    --- exit 0
    ");
    let json = sandbox.run(&["setup", "demo", "--json"]).succeeds().json();
    let dir = json["inspect"]["projectDir"].as_str().expect("a folder");
    let (_, drawn) = dir
        .split_once("/ktx-demo-")
        .expect("without a folder it goes to a temporary one");
    assert!(
        drawn.len() == 8 && drawn.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{dir}"
    );
    assert_eq!(json["replay"]["llmCalls"], 0);
}

#[test]
fn the_demo_touches_no_other_files() {
    let sandbox = Sandbox::with_config("project: mine\n");
    assert_snapshot!(sandbox.run(&["setup", "demo", "--project-dir", "."]), @r"
    $ ktx setup demo --project-dir .
    --- stderr
    failed to make the demo in `[PROJECT]`: the folder is not empty
    hint: choose another folder with --project-dir, or omit it for a temporary one
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["setup", "demo", "--project-dir", ".", "reset"]), @r"
    $ ktx setup demo --project-dir . reset
    --- stderr
    ktx setup demo reset is destructive; pass --force to recreate [PROJECT]
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["setup", "demo", "--project-dir", ".", "reset", "--force"]), @r"
    $ ktx setup demo --project-dir . reset --force
    --- stderr
    failed to reset `[PROJECT]`: it is not a demo project
    hint: only a folder that `ktx setup demo` made is ever removed
    --- exit 1
    ");
    assert_eq!(sandbox.read("ktx.yaml"), "project: mine\n");

    let _ = sandbox
        .run(&["setup", "demo", "--project-dir", "orbit"])
        .succeeds();
    sandbox.write("orbit/semantic-layer/orbit_demo/mine.yaml", "name: mine\n");
    let _ = sandbox
        .run(&["setup", "demo", "--project-dir", "orbit", "reset", "--force"])
        .succeeds();
    assert!(!sandbox.exists("orbit/semantic-layer/orbit_demo/mine.yaml"));
    assert!(sandbox.exists("orbit/semantic-layer/orbit_demo/plans.yaml"));
}

/// Every kind of file that the demo writes: its settings, a source, the warehouse.
#[test]
fn a_demo_that_was_edited_is_not_overwritten() {
    for file in ["ktx.yaml", "semantic-layer/orbit_demo/plans.yaml", "demo.db"] {
        let sandbox = Sandbox::new();
        let demo = ["setup", "demo", "--project-dir", "orbit"];
        let _ = sandbox.run(&demo).succeeds();
        let _ = sandbox.run(&demo).succeeds();
        let path = format!("orbit/{file}");
        let original = fs_err::read(sandbox.project().join(&path)).expect("it is there");
        let edited = [&original[..], b"\n# mine\n"].concat();
        fs_err::write(sandbox.project().join(&path), &edited).expect("writes");
        let refused = sandbox.run(&demo);
        assert_eq!(refused.output.status.code(), Some(1), "{file}: {refused}");
        assert!(
            refused
                .stderr()
                .contains(&format!("`{file}` would be overwritten, and was edited"))
                && refused.stderr().contains("reset --force"),
            "{refused}"
        );
        let kept = fs_err::read(sandbox.project().join(&path)).expect("it is there");
        assert_eq!(kept, edited, "{file}");
        let _ = sandbox
            .run(&[&demo[..], &["reset", "--force"]].concat())
            .succeeds();
        let reset = fs_err::read(sandbox.project().join(&path)).expect("it is there");
        assert_eq!(reset, original, "{file}");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.run(&["completions", shell]).succeeds();
        assert!(script.stdout().contains("connection"), "{shell}");
    }
}

/// `script` gives the program a terminal.
#[test]
#[cfg(target_os = "linux")]
fn ktx_alone_at_a_terminal_asks_a_newcomer() {
    let Some(script) = ktx_fixtures::needs::script() else {
        return;
    };
    let sandbox = Sandbox::new();
    let at_terminal = |answer: &str| {
        let answers = sandbox.root().join("answers");
        fs_err::write(&answers, answer).expect("writes");
        let mut command = std::process::Command::new(&script);
        let input = fs_err::File::open(&answers).expect("opens").into_parts().0;
        let output = command
            .arg("-qec")
            .arg(cargo_bin!("ktx"))
            .arg("/dev/null")
            .env_clear()
            .envs(sandbox.environment())
            .env("TERM", "xterm")
            .current_dir(sandbox.project())
            .stdin(input)
            .output()
            .expect("starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let declined = at_terminal("n");
    assert!(
        declined.contains("Make a KTX project in") && declined.contains("Setup was cancelled."),
        "{declined}"
    );
    assert!(!sandbox.exists("ktx.yaml"));
    let accepted = at_terminal("y");
    assert!(accepted.contains("Project ready: yes"), "{accepted}");
    assert!(sandbox.exists("ktx.yaml"));
    let help = at_terminal("");
    assert!(help.contains("Usage: ktx"), "who has a project gets help: {help}");
    assert!(
        sandbox.run(&[]).succeeds().stdout().contains("Usage: ktx"),
        "and so does who cannot be asked"
    );
}
