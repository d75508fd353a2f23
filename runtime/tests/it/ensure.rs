//! What commands do when the runtime is missing, what they say, and how they reach the daemon.

use std::sync::{Arc, Mutex};

use ktx_runtime::{
    BaseUrl, Caller, Consent, Dialogue, Error, ExplicitDaemon, Feature, InstallPolicy, ManagedDaemon,
    StartMode,
};
use serde_json::json;

use crate::sandbox::{Sandbox, processes, start};

/// Nobody is there.
pub struct Silent;

impl Dialogue for Silent {
    fn is_interactive(&self) -> bool {
        false
    }

    fn ask(&self, question: &str) -> Consent {
        panic!("nobody is there to be asked: {question}")
    }

    fn say(&self, _line: &str) {}
}

/// A user who always answers the same, with a record of every question and message.
#[derive(Clone)]
struct Person {
    answer: Consent,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Person {
    fn who_answers(answer: Consent) -> Person {
        Person {
            answer,
            heard: Arc::default(),
        }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("ears").clone()
    }
}

impl Dialogue for Person {
    fn is_interactive(&self) -> bool {
        true
    }

    fn ask(&self, question: &str) -> Consent {
        self.heard.lock().expect("ears").push(question.to_owned());
        self.answer
    }

    fn say(&self, line: &str) {
        self.heard.lock().expect("ears").push(line.to_owned());
    }
}

#[test]
fn the_policies_install_refuse_and_ask() {
    const QUESTION: &str =
        "KTX needs to install the core Python runtime. This downloads Python dependencies with uv. Continue?";
    const CANCELLED: &str = "KTX Python runtime installation was cancelled. Run: ktx runtime install --yes";
    let sandbox = Sandbox::with_sample();
    let runtime = sandbox.runtime();
    let refused = |policy, dialogue: &dyn Dialogue| {
        runtime
            .ensure(Feature::Core, policy, dialogue)
            .expect_err("nothing is installed")
            .to_string()
    };
    assert_eq!(
        refused(InstallPolicy::Never, &Silent),
        "KTX Python runtime is required for this command. Run: ktx runtime install --yes"
    );
    assert_eq!(
        refused(InstallPolicy::Prompt, &Silent),
        "KTX Python runtime is required for this command. Run: ktx runtime install --yes"
    );
    let declining = Person::who_answers(Consent::Declined);
    assert_eq!(refused(InstallPolicy::Prompt, &declining), CANCELLED);
    assert_eq!(declining.heard(), [QUESTION]);
    let cancelling = Person::who_answers(Consent::Cancelled);
    assert_eq!(refused(InstallPolicy::Prompt, &cancelling), CANCELLED);
    assert_eq!(cancelling.heard(), [QUESTION, "Runtime installation cancelled."]);
    assert!(!sandbox.root().exists());

    let willing = Person::who_answers(Consent::Given);
    runtime
        .ensure(Feature::Core, InstallPolicy::Prompt, &willing)
        .expect("it installs");
    let ready = format!("KTX Python runtime ready: {}", sandbox.version_dir().display());
    assert_eq!(
        willing.heard(),
        [
            QUESTION,
            "Installing KTX Python runtime (core) with uv...",
            &ready
        ]
    );

    let person = Person::who_answers(Consent::Declined);
    runtime
        .ensure(Feature::Core, InstallPolicy::Never, &person)
        .expect("it is ready");
    assert_eq!(person.heard(), [] as [&str; 0]);
    let error = runtime
        .ensure(Feature::LocalEmbeddings, InstallPolicy::Never, &person)
        .expect_err("core alone is");
    assert_eq!(
        error.to_string(),
        "KTX Python runtime is required for this command. Run: ktx runtime install --feature local-embeddings --yes"
    );
    runtime
        .ensure(Feature::LocalEmbeddings, InstallPolicy::Auto, &person)
        .expect("it installs");
    assert_eq!(
        person.heard(),
        [
            "Installing KTX Python runtime (local-embeddings) with uv...",
            &ready
        ]
    );
}

#[test]
fn a_managed_daemon_starts_on_first_use_and_says_so_once() {
    let sandbox = Sandbox::with_installed_payload();
    let person = Person::who_answers(Consent::Declined);
    let managed = ManagedDaemon::new(sandbox.runtime(), InstallPolicy::Never, Arc::new(person.clone()));
    let shared = managed.clone();
    assert_eq!(processes::daemons_under(sandbox.path()), []);
    let payload = json!({"sql": "select a from t where b = 7", "dialect": "postgres"});
    let path = "/api/sql/analyze-for-fingerprint";
    let answer = managed
        .post(Caller::SqlAnalysis, path, &payload)
        .expect("an answer");
    assert_eq!(answer["tables_touched"], json!(["t"]));
    shared
        .post(Caller::SqlAnalysis, path, &payload)
        .expect("an answer");
    let url = managed.base_url().expect("it runs");
    assert_eq!(person.heard(), [format!("Started KTX Python daemon: {url}")]);

    // Another command finds it running.
    let other = Person::who_answers(Consent::Declined);
    let managed_by_other =
        ManagedDaemon::new(sandbox.runtime(), InstallPolicy::Never, Arc::new(other.clone()));
    assert_eq!(managed_by_other.base_url().expect("it runs"), url);
    assert_eq!(
        other.heard(),
        [format!("Using existing KTX Python daemon: {url}")]
    );

    // A long-lived command finds that it has ended meanwhile.
    sandbox.runtime().stop().expect("it stops");
    managed
        .post(Caller::SqlAnalysis, path, &payload)
        .expect("an answer of another daemon");
    assert_eq!(person.heard().len(), 2, "{:?}", person.heard());
    let error = managed
        .post(Caller::ManagedDaemon, "/nothing/here", &payload)
        .expect_err("no such path");
    assert_eq!(
        error.to_string(),
        r#"KTX managed daemon HTTP /nothing/here failed with 404: {"detail":"Not Found"}"#
    );
}

#[test]
fn a_failure_to_resolve_is_not_remembered() {
    let sandbox = Sandbox::with_payload();
    let managed = ManagedDaemon::new(sandbox.runtime(), InstallPolicy::Never, Arc::new(Silent));
    let error = managed.base_url().expect_err("nothing is installed");
    assert!(matches!(error, Error::RuntimeRequired { .. }), "{error}");
    let installed = Sandbox::with_installed_payload();
    crate::sandbox::processes::kill_all_under(installed.path());
    fs_err::create_dir_all(sandbox.root()).expect("the root");
    fs_err::rename(installed.version_dir(), sandbox.version_dir()).expect("moved");
    managed.base_url().expect("it starts now");
}

#[test]
fn an_explicit_url_gets_the_token_of_the_recorded_daemon_only_when_that_is_who_listens() {
    let sandbox = Sandbox::with_installed_payload();
    let report = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    let payload = json!({"sql": "select 1", "dialect": "postgres"});
    let path = "/api/sql/analyze-for-fingerprint";
    let ask = |runtime, url: &BaseUrl| {
        ExplicitDaemon::new(runtime, url.clone()).post(Caller::SqlAnalysis, path, &payload)
    };
    ask(sandbox.runtime(), report.daemon.url()).expect("the recorded daemon knows its token");

    // Nobody recorded it here, so it gets no token and refuses.
    let stranger = Sandbox::with_payload();
    let error = ask(stranger.runtime(), report.daemon.url()).expect_err("no token");
    assert!(
        error
            .to_string()
            .starts_with("sql analysis HTTP /api/sql/analyze-for-fingerprint failed with 401: "),
        "{error}"
    );
    // Unless the file is named.
    let named = stranger.set(
        "KTX_DAEMON_TOKEN_FILE",
        sandbox.version_dir().join("daemon.token"),
    );
    ask(named.runtime(), report.daemon.url()).expect("the named token is its own");
}

#[test]
fn a_one_shot_answers_and_fails_in_the_words_of_the_contract() {
    let sandbox = Sandbox::with_installed_payload()
        .set("PYTHONPATH", "/nowhere")
        .set("PYTHONHOME", "/nowhere");
    let runtime = sandbox.runtime();
    let run =
        |subcommand: &str, payload| runtime.one_shot(subcommand, &payload, InstallPolicy::Never, &Silent);
    let answer = run(
        "sql-analyze-for-fingerprint",
        json!({"sql": "select a from t", "dialect": "postgres"}),
    );
    assert_eq!(answer.expect("an answer")["tables_touched"], json!(["t"]));
    let error = run("sql-analyze-for-fingerprint", json!({})).expect_err("a field is missing");
    assert!(
        error
            .to_string()
            .starts_with("ktx-daemon sql-analyze-for-fingerprint failed: sql: "),
        "{error}"
    );
    let error = run("no-such-thing", json!({})).expect_err("no such command");
    assert!(
        error.to_string().starts_with("ktx-daemon no-such-thing failed: "),
        "{error}"
    );
}
