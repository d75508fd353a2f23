//! Locks that fit, and every way in which one does not.

use std::path::Path;

use super::*;

const PYPROJECT: &str = r#"
[project]
name = "kaelio-ktx"
version = "0.0.0"
description = "The payload"
readme = "README.md"
license = "Apache-2.0"
license-files = ["LICENSE"]
requires-python = ">=3.11"
dependencies = ["lkml>=1.3.7,<2", "sqlglot>=30"]

[project.optional-dependencies]
local-embeddings = ["torch>=2.2,<3"]

[tool.uv]
constraint-dependencies = ["numpy<3"]

[tool.uv.build-backend]
module-root = ""
module-name = ["ktx_daemon"]

[tool.ruff]
line-length = 110
"#;

const HASH: &str = "--hash=sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn project(text: &str) -> Project {
    Project::parse(Path::new("python/pyproject.toml"), text).expect("the project is whole")
}

fn pins(feature: Feature) -> String {
    let mut text = format!("lkml==1.3.7 \\\n    {HASH} \\\n    {HASH}\n    # via kaelio-ktx\n");
    text.push_str(&format!(
        "sqlglot==30.1.0 ; python_full_version < '3.14' \\\n    {HASH}\n"
    ));
    if feature == Feature::LocalEmbeddings {
        text.push_str(&format!("torch==2.9.1 \\\n    {HASH}\n"));
    }
    text
}

/// The lock with `pins`, as `cargo xtask lock` would write it.
fn locked(pins: &str) -> String {
    let time = "2026-11-20T00:00:00Z".parse().expect("a time");
    text(&project(PYPROJECT), time, pins)
}

fn lock_text(feature: Feature) -> String {
    locked(&pins(feature))
}

fn codes(pyproject: &str, feature: Feature, lock: &str) -> Vec<String> {
    let lock = Source {
        path: "python/locks/core.txt",
        text: lock,
    };
    check(&project(pyproject), feature, lock)
        .into_iter()
        .map(|finding| finding.code.into_owned())
        .collect()
}

/// What is found in a lock whose pins were changed before they were locked.
#[track_caller]
fn check_pins(change: impl Fn(&str) -> String, expected: &[&str]) {
    let pins = pins(Feature::Core);
    assert_eq!(
        codes(PYPROJECT, Feature::Core, &locked(&pins)),
        Vec::<String>::new(),
        "the twin passes"
    );
    assert_eq!(codes(PYPROJECT, Feature::Core, &locked(&change(&pins))), expected);
}

#[test]
fn a_lock_holds_hashed_pins_and_nothing_else() {
    check_pins(
        |lock| lock.replacen(&format!(" \\\n    {HASH}"), "", 2),
        &["lock-unhashed", "lock-incomplete"],
    );
    check_pins(
        |lock| lock.replace("--hash=sha256:", "--hash=md5:"),
        &[
            "lock-unhashed",
            "lock-unhashed",
            "lock-incomplete",
            "lock-incomplete",
        ],
    );
    check_pins(
        |lock| lock.replace("sqlglot==", "sqlglot>="),
        &["lock-unpinned", "lock-incomplete"],
    );
    check_pins(
        |lock| lock.replace("sqlglot==30.1.0", "sqlglot==30.*"),
        &["lock-unpinned", "lock-incomplete"],
    );
    check_pins(
        |lock| lock.replace("lkml==1.3.7", "lkml==1.3.6"),
        &["lock-incomplete"],
    );
    check_pins(|lock| lock.replace("lkml==", "other=="), &["lock-incomplete"]);
    check_pins(
        |lock| format!("{lock}--index-url https://packages.example/simple\n"),
        &["lock-address"],
    );
    check_pins(
        |lock| format!("{lock}--extra-index-url packages.example\n"),
        &["lock-address"],
    );
    check_pins(
        |lock| format!("{lock}x @ https://packages.example/x.whl {HASH}\n"),
        &["lock-address"],
    );
    check_pins(
        |lock| format!("{lock}what is this? {HASH}\n"),
        &["lock-malformed"],
    );
}

#[test]
fn drift_from_pyproject_is_found_by_the_header() {
    let lock = lock_text(Feature::Core);
    let stale = |change: &dyn Fn(&str) -> String| codes(&change(PYPROJECT), Feature::Core, &lock);
    assert_eq!(
        stale(&|text| text.replace("sqlglot>=30", "sqlglot>=29")),
        ["lock-stale"]
    );
    assert_eq!(stale(&|text| text.replace(">=3.11", ">=3.12")), ["lock-stale"]);
    assert_eq!(
        stale(&|text| text.replace("torch>=2.2", "torch>=2.3")),
        ["lock-stale"]
    );
    assert_eq!(stale(&|text| text.replace("numpy<3", "numpy<4")), ["lock-stale"]);
    let none: [&str; 0] = [];
    assert_eq!(
        stale(&|text| text.replace("line-length = 110", "line-length = 100")),
        none
    );
    assert_eq!(stale(&|text| text.replace("sqlglot>=30", "sqlglot >= 30")), none);
    assert_eq!(stale(&|text| text.replace("The payload", "What runs")), none);
    assert_eq!(
        stale(&|text| text.replace("module-root = \"\"", "module-root = \"src\"")),
        none
    );
}

#[test]
fn each_level_holds_the_whole_closure() {
    let core = lock_text(Feature::Core);
    let embeddings = lock_text(Feature::LocalEmbeddings);
    assert_eq!(
        codes(PYPROJECT, Feature::LocalEmbeddings, &embeddings),
        Vec::<String>::new()
    );
    assert_eq!(
        codes(PYPROJECT, Feature::LocalEmbeddings, &core),
        ["lock-incomplete"]
    );
}

#[test]
fn every_extra_is_a_feature_and_every_feature_an_extra() {
    let found = |extras: &str| {
        let text = PYPROJECT.replace("local-embeddings = [\"torch>=2.2,<3\"]\n", extras);
        let messages = unmatched(&project(&text))
            .into_iter()
            .map(|finding| finding.message);
        messages.collect::<Vec<_>>()
    };
    let of = "failed to use `python/pyproject.toml`: it";
    assert_eq!(
        found("clickhouse = []\nduckdb = []\nlocal-embeddings = []\nmysql = []\n"),
        [""; 0]
    );
    assert_eq!(
        found("clickhouse = []\nduckdb = []\nlocal-embeddings = []\noracle = []\n"),
        [
            format!("{of} has no extra for the feature `mysql`"),
            format!("{of}s extra `oracle` is not a feature of the runtime"),
        ]
    );
}

#[test]
fn locks_that_disagree_on_a_version_are_found() {
    let pin = |version: &str| format!("{}torch=={version} {HASH}\n", pins(Feature::Core));
    let found = |mysql: &str| {
        let locks = [
            (Feature::Core, lock_text(Feature::Core)),
            (Feature::LocalEmbeddings, locked(&pin("2.9.1"))),
            (Feature::Mysql, locked(mysql)),
        ];
        clashes(&locks)
            .into_iter()
            .map(|finding| finding.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&pin("2.9.1")), [""; 0]);
    assert_eq!(found(&pins(Feature::Core)), [""; 0]);
    assert_eq!(
        found(&pin("2.9.2")),
        [
            "failed to use `python/locks/mysql.txt`: it pins torch to 2.9.2, and `python/locks/local-embeddings.txt` to 2.9.1"
        ]
    );
    let forked = pins(Feature::Core).replace("lkml==1.3.7", "lkml==1.3.8");
    assert_eq!(
        found(&forked),
        [
            "failed to use `python/locks/mysql.txt`: it pins lkml to 1.3.8, and `python/locks/core.txt` to 1.3.7"
        ]
    );
}

/// Every line of a text, removed, repeated, changed in one digit, ended as Windows does, indented, swapped with the next,
/// and followed by a line that was not there.
fn mutations(text: &str) -> impl Iterator<Item = String> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    (0..lines.len()).flat_map(move |at| {
        let with = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            lines.join("\n") + "\n"
        };
        let next = (at + 1) % lines.len();
        let flipped = |from: &str, to: &str| with(&|lines| lines[at] = lines[at].replacen(from, to, 1));
        vec![
            with(&|lines| drop(lines.remove(at))),
            with(&|lines| lines.insert(at, lines[at].clone())),
            flipped("0", "1"),
            flipped("1", "2"),
            flipped("a", "b"),
            flipped("==", ">="),
            with(&|lines| lines[at].push('\r')),
            with(&|lines| lines[at].insert(0, ' ')),
            with(&|lines| lines.swap(at, next)),
            with(&|lines| lines.insert(at, format!("evil==1.0 {HASH}"))),
            with(&|lines| lines.insert(at + 1, format!("evil==1.0 {HASH}"))),
            with(&|lines| lines.insert(at + 1, "# a remark".to_owned())),
            with(&|lines| lines.insert(at + 1, String::new())),
        ]
    })
}

#[test]
fn no_line_of_a_lock_can_be_changed_by_hand() {
    let lock = lock_text(Feature::LocalEmbeddings);
    let feature = Feature::LocalEmbeddings;
    assert_eq!(
        codes(PYPROJECT, feature, &lock),
        Vec::<String>::new(),
        "the twin passes"
    );
    let mut tried = 0;
    for mutated in mutations(&lock).filter(|mutated| *mutated != lock) {
        assert_ne!(
            codes(PYPROJECT, feature, &mutated),
            Vec::<String>::new(),
            "{mutated}"
        );
        tried += 1;
    }
    assert!(tried > 100, "{tried} mutations");
    for cut in (0..lock.len()).filter(|cut| lock.is_char_boundary(*cut)) {
        assert_ne!(
            codes(PYPROJECT, feature, &lock[..cut]),
            Vec::<String>::new(),
            "{cut}"
        );
    }
}

#[test]
fn the_checked_in_locks_hold_and_none_of_their_lines_can_be_changed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let project = Project::read(&root.join("python")).expect("the project is whole");
    assert_eq!(strays(&root).expect("the folder is read"), []);
    for feature in Feature::ALL {
        let path = root.join(FOLDER).join(feature.lock_file());
        let text = fs::read_to_string(path).expect("the lock is read");
        let found = |text: &str| check(&project, feature, Source { path: "lock", text });
        assert_eq!(found(&text), [], "the twin passes");
        // Each mutation reads a hundred kilobytes; every 64th keeps the test short.
        for mutated in mutations(&text).step_by(64).filter(|mutated| *mutated != text) {
            assert!(!found(&mutated).is_empty(), "{mutated}");
        }
    }
}
