//! Local embeddings: set up, found again by search without a variable, and left out when they cannot be had.
//!
//! The runtime, the daemon and the protocol are real. The model is a stand-in that knows one synonym, because the real
//! one brings gigabytes; the opt-in smoke scenario installs that.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, python};

const MODEL: &str = "
class SentenceTransformer:
    def __init__(self, *args, **kwargs):
        pass

    def encode(self, sentences, **kwargs):
        return [[1.0 if 'client' in s or 'Companies that buy' in s else 0.0, 0.1] + [0.0] * 382 for s in sentences]
";

const SET_UP: &[&str] = &[
    "setup",
    "--existing",
    "--yes",
    "--embedding-backend",
    "sentence-transformers",
];
const SEARCH: &[&str] = &["agent", "sl", "list", "--json", "--query", "client"];

fn demo() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["setup", "demo", "--project-dir", "."]).succeeds();
    sandbox
}

/// Makes an installed runtime one that has the feature.
fn add_feature(sandbox: &Sandbox) {
    let status = sandbox.run(&["runtime", "status", "--json"]).succeeds().json();
    let manifest = status["layout"]["manifestPath"].as_str().expect("a path");
    let mut installed: Value = serde_json::from_slice(&fs_err::read(manifest).expect("reads")).expect("json");
    installed["features"] = json!(["core", "local-embeddings"]);
    fs_err::write(manifest, installed.to_string()).expect("writes");
    let library = std::path::Path::new(status["layout"]["venvDir"].as_str().expect("a path")).join("lib");
    let python = fs_err::read_dir(library)
        .expect("reads")
        .next()
        .expect("a Python")
        .expect("reads")
        .path();
    fs_err::write(python.join("site-packages/sentence_transformers.py"), MODEL).expect("writes");
}

#[test]
#[cfg(unix)]
fn what_setup_configures_search_finds_without_a_variable() {
    let Some(sandbox) = python::installable(demo()) else {
        return;
    };
    let _ = sandbox.run(&["runtime", "install", "--yes"]).succeeds();
    add_feature(&sandbox);
    assert_eq!(
        sandbox.run(SEARCH).succeeds().json()["totalSources"],
        0,
        "without a model a synonym finds nothing"
    );

    let set_up = sandbox.run(SET_UP).succeeds();
    let told = set_up.stdout();
    for line in [
        "Embedding test passed (all-MiniLM-L6-v2, 384 dimensions)\n",
        "Embeddings ready: yes (all-MiniLM-L6-v2, 384 dimensions)\n",
        "Embeddings ready: yes (all-MiniLM-L6-v2)\n",
    ] {
        assert!(told.contains(line), "{set_up}");
    }
    assert!(
        set_up
            .stderr()
            .starts_with("Started KTX local embeddings daemon: http://127.0.0.1:"),
        "{set_up}"
    );
    assert_snapshot!(sandbox.read("ktx.yaml"), @r#"
    project: orbit-demo
    connections:
      orbit_demo:
        driver: sqlite
        path: demo.db
        readonly: true
    ingest:
      embeddings:
        backend: sentence-transformers
        model: all-MiniLM-L6-v2
        dimensions: 384
        sentenceTransformers:
          base_url: managed:local-embeddings
          pathPrefix: ""
    "#);
    let again = sandbox.run(SET_UP).succeeds();
    assert!(
        again
            .stderr()
            .starts_with("Using KTX local embeddings daemon: http://127.0.0.1:"),
        "{again}"
    );

    let _ = sandbox.run(&["runtime", "stop"]).succeeds();
    let found = sandbox.run(SEARCH).succeeds();
    assert!(
        found
            .stderr()
            .starts_with("Started KTX local embeddings daemon: "),
        "{found}"
    );
    assert_eq!(found.json()["sources"][0]["name"], "accounts");
    assert_eq!(found.json()["sources"][0]["matchReasons"], json!(["semantic"]));
    assert_eq!(
        sandbox.run(SEARCH).succeeds().stderr(),
        "",
        "the daemon that runs is used silently"
    );
    let _ = sandbox.run(&["runtime", "stop"]).succeeds();
}

#[test]
fn a_runtime_without_the_feature_costs_the_lane_and_not_the_search() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let refused = sandbox.run(&[
        "setup",
        "--existing",
        "--no-input",
        "--embedding-backend",
        "sentence-transformers",
    ]);
    assert_eq!(refused.output.status.code(), Some(1), "{refused}");
    let told = "KTX Python runtime is required for this command. Run: ktx runtime install --feature local-embeddings --yes\n";
    assert_eq!(refused.stderr(), told);
    assert!(
        !sandbox.read("ktx.yaml").contains("sentence-transformers"),
        "nothing is saved before it works"
    );

    let marker = "ingest:\n  embeddings:\n    backend: sentence-transformers\n    sentenceTransformers:\n      base_url: managed:local-embeddings\n";
    sandbox.write("ktx.yaml", sandbox.read("ktx.yaml") + marker);
    let found = sandbox
        .run(&["agent", "sl", "list", "--json", "--query", "contracts"])
        .succeeds();
    assert_eq!(found.json()["sources"][0]["name"], "contracts");
    assert_eq!(
        found.stderr(),
        format!("warning: searched without embeddings: {told}")
    );
}
