//! `ktx dev init`, how a project is found, and what a broken `ktx.yaml` gets.

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn init_makes_a_project_once() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["dev", "init", "--name", "Shop: one"]), @r"
    $ ktx dev init --name Shop: one
    Initialized KTX project at [PROJECT]
    Config: [PROJECT]/ktx.yaml
    Commit: none
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["dev", "init"]), @r"
    $ ktx dev init
    --- stderr
    Project already contains ktx.yaml: [PROJECT]/ktx.yaml
    hint: pass --force to overwrite it
    --- exit 1
    ");
    assert_snapshot!(sandbox.read("ktx.yaml"), @r#"
    project: "Shop: one"
    connections: {}
    "#);
    for file in [
        "knowledge/global/.gitkeep",
        "semantic-layer/.gitkeep",
        "raw-sources/.gitkeep",
        ".ktx/.gitignore",
    ] {
        assert!(sandbox.exists(file), "{file}");
    }
    assert!(
        sandbox.run(&["sl", "list"]).output.status.success(),
        "what it makes is a project"
    );
}

#[test]
fn a_project_inside_another_is_refused_unless_forced() {
    let sandbox = Sandbox::with_config("project: outer\n");
    assert_snapshot!(sandbox.run(&["dev", "init", "inner"]), @r"
    $ ktx dev init inner
    --- stderr
    failed to initialise `[PROJECT]/inner`: it is inside the project `[PROJECT]`
    hint: choose a folder outside, or pass --force to nest them
    --- exit 1
    ");
    assert!(!sandbox.exists("inner"));
    let _ = sandbox.run(&["dev", "init", "inner", "--force"]).succeeds();
    assert!(sandbox.exists("inner/ktx.yaml"));
}

#[test]
fn the_project_is_found_by_flag_then_variable_then_upwards() {
    let sandbox = Sandbox::with_config("project: nearest\n");
    sandbox.write("a/b/note.txt", "");
    sandbox.write("flagged/ktx.yaml", "project: flagged\n");
    let found = |sandbox: &Sandbox, folder: &str, arguments: &[&str]| {
        let mut command = sandbox.command(&["--debug", "sl", "list"]);
        let output = command
            .args(arguments)
            .current_dir(sandbox.project().join(folder))
            .output()
            .expect("starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = stderr
            .lines()
            .find_map(|line| line.strip_prefix("[debug] projectDir="))
            .map(str::to_owned);
        line.unwrap_or(stderr)
            .replace(&sandbox.project().display().to_string(), "[PROJECT]")
    };
    assert_eq!(found(&sandbox, "a/b", &[]), "[PROJECT]");
    assert_eq!(
        found(&sandbox, "a/b", &["--project-dir", "../../flagged"]),
        "[PROJECT]/flagged"
    );
    let flagged = sandbox.project().join("flagged").display().to_string();
    let sandbox = sandbox.variable("KTX_PROJECT_DIR", flagged);
    assert_eq!(found(&sandbox, "a/b", &[]), "[PROJECT]/flagged");
    assert_eq!(found(&sandbox, "a/b", &["--project-dir", "../.."]), "[PROJECT]");
}

#[test]
fn blank_project_folders_are_refused() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["--project-dir", " ", "sl", "list"]), @r"
    $ ktx --project-dir   sl list
    --- stderr
    --project-dir requires a value
    --- exit 1
    ");
    let sandbox = sandbox.variable("KTX_PROJECT_DIR", "");
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    --- stderr
    KTX_PROJECT_DIR must not be empty
    --- exit 1
    ");
}

#[test]
fn a_broken_ktx_yaml_is_told_with_its_place() {
    for (config, told) in [
        ("project: [\n", "line"),
        ("- a\n", "line 1, column 1: ktx.yaml must contain a YAML object"),
        ("connections: {}\n", "ktx.yaml field \"project\" is required"),
        (
            "project: p\nconnections:\n  wh:\n    driver: 3\n",
            "line 4, column 13: `connections.wh.driver` expected a text, found a number",
        ),
        (
            "project: p\nconnections:\n  wh: {driver: sqlite, readonly: maybe}\n",
            "line 3, column 34: `connections.wh.readonly` expected true or false, found a text",
        ),
        (
            "project: p\nconnections:\n  ../x: {driver: sqlite}\n",
            "line 3, column 3: `connections.../x` Unsafe connection id: ../x",
        ),
        ("project: p\nproject: q\n", "line 2"),
        (
            "project: p\ningest: {embeddings: {provider: openai}}\n",
            "line 2, column 33: Unsupported ingest.embeddings.provider: use ingest.embeddings.backend",
        ),
        (
            "project: p\nscan: {relationships: {acceptThreshold: 85}}\n",
            "line 2, column 41: `scan.relationships.acceptThreshold` expected a number between 0 and 1",
        ),
    ] {
        let sandbox = Sandbox::with_config(config);
        let transcript = sandbox.run(&["sl", "list"]);
        let stderr = transcript.stderr();
        assert_eq!(transcript.output.status.code(), Some(1), "{config}");
        assert!(
            stderr.contains("ktx.yaml") && stderr.contains(told),
            "{config}\n{stderr}"
        );
        assert!(stderr.contains("\nhint: "), "{stderr}");
    }
    let sandbox = Sandbox::with_config("project: p\nsomething: else\non: a key\n");
    let _ = sandbox.run(&["sl", "list"]).succeeds();
}

#[test]
fn without_a_project_the_hint_says_how_to_make_one() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    --- stderr
    failed to find a project: `[PROJECT]` has no ktx.yaml
    hint: run `ktx setup` there, pass --project-dir, or make one with `ktx dev init [PROJECT]`
    --- exit 1
    ");
}

#[test]
fn the_root_help_begins_with_the_usage_and_lists_what_is_public() {
    let sandbox = Sandbox::with_config("project: zoo\n");
    assert_snapshot!(sandbox.run(&["--help"]), @r"
    $ ktx --help
    Usage: ktx [OPTIONS] [COMMAND]

    Build and query a semantic layer over your databases

    Commands:
      setup        Set up a project, or a demo to try
      connection   List and test the connections of a project
      ingest       Read the tables of a connection into the project
      wiki         List, search, read, write and check what people know about the data
      sl           List, read, write and query the sources of the semantic layer
      runtime      Install, inspect, start and remove the Python runtime that ktx manages
      serve        Serve the project's tools to MCP clients
      status       Report what is set up
      completions  Print a completion script for a shell

    Options:
          --project-dir <PATH>  The project's folder [default: KTX_PROJECT_DIR, the nearest folder with
                                a ktx.yaml, or the current one]
          --debug               Report decisions on stderr
      -v, --version             Print the version
          --json                With --version: print JSON, with the source revision, the compiler and
                                the bill of materials
          --verbose             With --version: print what was compared with the bill of materials, and
                                what was not checked
      -h, --help                Print help

    Advanced: `ktx dev --help` lists the commands for working on a project's internals.

    Exit codes:
      0              done
      1              the command failed, or a check found something
      2              wrong usage
      129, 130, 143  interrupted by SIGHUP, Ctrl-C or SIGTERM, after cleaning up
    --- exit 0
    ");
    let short = sandbox.run(&["-h"]).succeeds();
    assert_eq!(short.stdout(), sandbox.run(&["--help"]).stdout());
    assert_eq!(
        short.stdout(),
        sandbox.run(&[]).succeeds().stdout(),
        "without a command"
    );
}
