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

fn lock_text(level: LockLevel) -> String {
    let mut text = header(&project(PYPROJECT));
    text.push_str(&format!(
        "lkml==1.3.7 \\\n    {HASH} \\\n    {HASH}\n    # via kaelio-ktx\n"
    ));
    text.push_str(&format!(
        "sqlglot==30.1.0 ; python_full_version < '3.14' \\\n    {HASH}\n"
    ));
    if level == LockLevel::LocalEmbeddings {
        text.push_str(&format!("torch==2.9.1 \\\n    {HASH}\n"));
    }
    text
}

fn codes(pyproject: &str, level: LockLevel, lock: &str) -> Vec<String> {
    let lock = Source {
        path: "python/locks/core.txt",
        text: lock,
    };
    check(&project(pyproject), level, lock)
        .into_iter()
        .map(|finding| finding.code.into_owned())
        .collect()
}

#[track_caller]
fn check_lock(change: impl Fn(&str) -> String, expected: &[&str]) {
    let lock = lock_text(LockLevel::Core);
    assert_eq!(
        codes(PYPROJECT, LockLevel::Core, &lock),
        Vec::<String>::new(),
        "the twin passes"
    );
    assert_eq!(codes(PYPROJECT, LockLevel::Core, &change(&lock)), expected);
}

#[test]
fn a_lock_holds_hashed_pins_and_nothing_else() {
    check_lock(
        |lock| lock.replacen(&format!(" \\\n    {HASH}"), "", 2),
        &["lock-unhashed", "lock-incomplete"],
    );
    check_lock(
        |lock| lock.replace("--hash=sha256:", "--hash=md5:"),
        &[
            "lock-unhashed",
            "lock-unhashed",
            "lock-incomplete",
            "lock-incomplete",
        ],
    );
    check_lock(
        |lock| lock.replace("sqlglot==", "sqlglot>="),
        &["lock-unpinned", "lock-incomplete"],
    );
    check_lock(
        |lock| lock.replace("sqlglot==30.1.0", "sqlglot==30.*"),
        &["lock-unpinned", "lock-incomplete"],
    );
    check_lock(
        |lock| lock.replace("lkml==1.3.7", "lkml==1.3.6"),
        &["lock-incomplete"],
    );
    check_lock(|lock| lock.replace("lkml==", "other=="), &["lock-incomplete"]);
    check_lock(
        |lock| format!("{lock}--index-url https://packages.example/simple\n"),
        &["lock-address"],
    );
    check_lock(
        |lock| format!("{lock}--extra-index-url packages.example\n"),
        &["lock-address"],
    );
    check_lock(
        |lock| format!("{lock}x @ https://packages.example/x.whl {HASH}\n"),
        &["lock-address"],
    );
    check_lock(
        |lock| format!("{lock}what is this? {HASH}\n"),
        &["lock-malformed"],
    );
}

#[test]
fn drift_from_pyproject_is_found_by_the_header() {
    check_lock(
        |lock| lock.replacen("# pyproject-sha256: ", "# pyproject-sha256: 0", 1),
        &["lock-stale"],
    );
    check_lock(
        |lock| lock.lines().skip(1).map(|line| format!("{line}\n")).collect(),
        &["lock-stale"],
    );

    let lock = lock_text(LockLevel::Core);
    let stale = |change: &dyn Fn(&str) -> String| codes(&change(PYPROJECT), LockLevel::Core, &lock);
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
    let core = lock_text(LockLevel::Core);
    let embeddings = lock_text(LockLevel::LocalEmbeddings);
    assert_eq!(
        codes(PYPROJECT, LockLevel::LocalEmbeddings, &embeddings),
        Vec::<String>::new()
    );
    assert_eq!(
        codes(PYPROJECT, LockLevel::LocalEmbeddings, &core),
        ["lock-incomplete"]
    );
}
