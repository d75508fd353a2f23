//! Folders of advisories beside locks.

use std::path::Path;

use ktx_audit::{
    Database, Ecosystem, LockedPackage, advisories, cargo_lock, duplicates, package_lock, requirements,
};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn locked() -> Vec<LockedPackage> {
    let crates = ["left 1.0.0", "left 2.0.0", "other 1.0.0"].map(|one| {
        let (name, version) = one.split_once(' ').expect("two words");
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{REGISTRY}\"\nchecksum = \"00\"\n")
    });
    let pin = format!("Right_Hand==1.0 --hash=sha256:{}\n", "a".repeat(64));
    let npm = r#"{"packages": {"node_modules/@at/two": {"version": "2.0.0", "integrity": "sha512-x"}}}"#;
    let mut locked = cargo_lock("Cargo.lock", &crates.concat()).expect("a lock");
    locked.extend(requirements("core.txt", &pin).expect("a lock"));
    locked.extend(requirements("more.txt", &pin).expect("a lock"));
    locked.extend(package_lock("package-lock.json", npm).expect("a lock"));
    locked
}

fn write(folder: &Path, name: &str, ecosystem: &str, package: &str, rest: &str) {
    let text = format!(
        r#"{{"id": "{name}", "modified": "2026-01-0{}T00:00:00Z", {rest}
        "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{package}"}},
        "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "1.5.0"}}]}}]}}]}}"#,
        name.len() % 9 + 1
    );
    fs_err::create_dir_all(folder.join(ecosystem)).expect("a folder");
    fs_err::write(folder.join(ecosystem).join(format!("{name}.json")), text).expect("a file");
}

fn found(folder: &Path) -> Vec<String> {
    let locked = locked();
    let database = Database::read(folder, &locked).expect("a database");
    let line = |finding: ktx_audit::AuditFinding| {
        let names = [vec![finding.id], finding.aliases].concat().join("=");
        format!(
            "{} {} [{names}] in {}",
            finding.package,
            finding.version,
            finding.locks.join(", ")
        )
    };
    advisories(&database, &locked).into_iter().map(line).collect()
}

#[test]
fn a_fault_is_one_finding_however_many_advisories_and_locks_name_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "A-1", "crates.io", "left", "");
    write(at, "A-2", "crates.io", "left", r#""aliases": ["CVE-1"],"#);
    write(at, "A-3", "crates.io", "left", r#""aliases": ["CVE-2"],"#);
    // Connects the two before it.
    write(
        at,
        "A-4",
        "crates.io",
        "left",
        r#""aliases": ["CVE-1", "CVE-2"],"#,
    );
    write(at, "B-1", "PyPI", "right.hand", "");
    write(at, "C-1", "npm", "@at/two", "");
    write(at, "C-2", "npm", "@at\\u002ftwo", r#""summary": "x","#);
    write(at, "D-1", "Maven", "left", "");
    assert_eq!(
        found(at),
        [
            "left 1.0.0 [A-1] in Cargo.lock",
            "left 1.0.0 [A-2=A-3=A-4=CVE-1=CVE-2] in Cargo.lock",
            "right-hand 1.0 [B-1] in core.txt, more.txt",
        ]
    );
}

#[test]
fn a_name_that_is_written_with_an_escape_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "A-1", "crates.io", r"l\u0065ft", "");
    assert_eq!(found(folder.path()), ["left 1.0.0 [A-1] in Cargo.lock"]);
}

#[test]
fn what_the_folder_has_is_known_and_what_is_not_an_advisory_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "A-1", "crates.io", "elsewhere", "");
    write(at, "A-20", "crates.io", "elsewhere", "");
    fs_err::write(at.join("notes.txt"), "not an advisory").expect("a file");
    let database = Database::read(at, &locked()).expect("a database");
    let crates = database.held(Ecosystem::Crates);
    assert_eq!(crates.advisories, 2);
    assert_eq!(
        crates.newest.map(|day| day.to_string()).as_deref(),
        Some("2026-01-05T00:00:00Z")
    );
    assert_eq!(database.held(Ecosystem::Npm), ktx_audit::Held::default());
    let path = at.join("crates.io/A-1.json");
    let whole = fs_err::read_to_string(&path).expect("a file");
    let cut = whole.trim_end().trim_end_matches('}').to_owned();
    let nameless = whole.replace("\"id\"", "\"is\"").replace("elsewhere", "left");
    for text in [
        "",
        "[]",
        "{}",
        "{",
        &cut,
        &whole.replace("modified", "published"),
        &nameless,
    ] {
        fs_err::write(&path, text).expect("a file");
        let error = Database::read(at, &locked()).expect_err(text).to_string();
        assert!(
            error.contains("A-1.json`: it is not an advisory in the OSV format: "),
            "{error}"
        );
    }
    Database::read(&at.join("nowhere"), &locked()).expect_err("there is no folder");
}

#[test]
fn crates_in_several_versions_are_named_once() {
    let messages: Vec<String> = duplicates(&locked())
        .into_iter()
        .map(|found| found.message)
        .collect();
    assert_eq!(messages, ["it is locked in 2 versions: 1.0.0, 2.0.0"]);
}
