//! The wheel: what goes in, what is refused, and that a strict reader agrees.

use std::io::Cursor;

use fs_err as fs;
use ktx_manifest::archive::Limits;
use ktx_release::wheel::{BuiltWheel, WheelPlan};

use crate::sources::{Sources, VERSION, codes};

#[track_caller]
fn check(change: impl Fn(&Sources), expected: &[&str]) {
    let sources = Sources::new();
    assert_eq!(
        codes(sources.plan_wheel()),
        Vec::<String>::new(),
        "the twin passes"
    );
    change(&sources);
    assert_eq!(codes(sources.plan_wheel()), expected);
}

#[track_caller]
fn check_file(path: &str, content: &[u8], expected: &[&str]) {
    check(
        |sources| sources.write(&format!("python/{path}"), content),
        expected,
    );
}

fn listed(sources: &Sources) -> Vec<String> {
    let plan = sources.plan_wheel().expect("the sources are sound");
    plan.list()
        .expect("it can be listed")
        .into_iter()
        .map(|listed| listed.path)
        .collect()
}

#[test]
fn holds_packages_and_metadata_in_order() {
    assert_eq!(
        listed(&Sources::new()),
        [
            "ktx_daemon/__init__.py",
            "ktx_daemon/__main__.py",
            "ktx_daemon/py.typed",
            "semantic_layer/__init__.py",
            "semantic_layer/sql/__init__.py",
            "kaelio_ktx-1.2.3.dist-info/METADATA",
            "kaelio_ktx-1.2.3.dist-info/WHEEL",
            "kaelio_ktx-1.2.3.dist-info/entry_points.txt",
            "kaelio_ktx-1.2.3.dist-info/licenses/LICENSE",
            "kaelio_ktx-1.2.3.dist-info/sboms/kaelio_ktx.cdx.json",
            "kaelio_ktx-1.2.3.dist-info/RECORD",
        ]
    );
}

#[test]
fn a_strict_reader_accepts_it_and_sees_what_was_listed() {
    let sources = Sources::new();
    sources.write("python/ktx_daemon/a name, with \u{e9}.py", "");
    let built = sources.build_wheel();
    let file = Cursor::new(built.bytes);
    let inspection = ktx_manifest::wheel::inspect(file, &built.filename, &Limits::default());
    assert_eq!(inspection.findings, []);
    let wheel = inspection.wheel.expect("a wheel without findings");
    let mut files: Vec<_> = wheel.files.keys().map(ToString::to_string).collect();
    let mut expected = listed(&sources);
    files.sort();
    expected.sort();
    assert_eq!(files, expected);
    assert_eq!(wheel.requires_python(), Some(">=3.11"));
}

/// The text of a file in the wheel's metadata directory.
fn member(sources: &Sources, name: &str) -> String {
    let file = Cursor::new(sources.build_wheel().bytes);
    let mut archive = zip::ZipArchive::new(file).expect("a zip archive");
    let name = format!("kaelio_ktx-1.2.3.dist-info/{name}");
    std::io::read_to_string(archive.by_name(&name).expect("it is in there")).expect("it is text")
}

#[test]
fn metadata_is_this_text() {
    insta::assert_snapshot!(member(&Sources::new(), "METADATA"));
}

#[test]
fn every_field_of_the_project_reaches_the_metadata() {
    let sources = Sources::new();
    let fields = r#"
authors = [{ name = "A. Uthor", email = "a@b.example" }, { name = "Team" }, { email = "c@d.example" }]
maintainers = [{ name = "Main Tainer" }, { name = "Other", email = "e@f.example" }]
keywords = ["one", "two"]
classifiers = ["Topic :: Database", "Typing :: Typed"]
urls = { Repository = "https://code.example/ktx", Issues = "https://code.example/issues" }
gui-scripts = { ktx-window = "ktx_daemon.__main__" }
entry-points."ktx.plugins" = { sql = "semantic_layer.sql:X" }
requires-python"#;
    sources.replace("python/pyproject.toml", "\nrequires-python", fields);
    assert_eq!(
        codes(sources.plan_wheel()),
        ["pyproject-invalid"],
        "a script needs an object to call"
    );
    sources.replace(
        "python/pyproject.toml",
        "ktx-window = \"ktx_daemon.__main__\"",
        "ktx-window = \"ktx_daemon.__main__:main\"",
    );
    insta::assert_snapshot!(member(&sources, "METADATA"));
    insta::assert_snapshot!(member(&sources, "entry_points.txt"));
}

#[test]
fn caches_stay_out_without_a_word() {
    let sources = Sources::new();
    let before = listed(&sources);
    sources.write("python/ktx_daemon/__pycache__/x.cpython-313.pyc", "");
    sources.write("python/ktx_daemon/stale.pyc", "");
    sources.write("python/semantic_layer/.ruff_cache/x", "");
    assert_eq!(listed(&sources), before);
}

#[test]
fn files_that_do_not_belong_are_refused() {
    check_file("ktx_daemon/evil.pth", b"import os", &["wheel-pth"]);
    check_file("ktx_daemon/native.so", b"", &["wheel-native-code"]);
    check_file(
        "ktx_daemon/native.cpython-313-x86_64-linux-gnu.so",
        b"",
        &["wheel-native-code"],
    );
    check_file("ktx_daemon/lib.so.1", b"", &["wheel-native-code"]);
    check_file("ktx_daemon/native.PYD", b"", &["wheel-native-code"]);
    check_file(
        "ktx_daemon/disguised.py",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
        &["wheel-native-code"],
    );
    check_file("ktx_daemon/.env", b"", &["tree-dotfile"]);
    check_file("ktx_daemon/.git/config", b"", &["tree-dotfile"]);
    check_file("ktx_daemon/notes.txt", b"", &["wheel-undeclared-file"]);
    check_file("ktx_daemon/con.py", b"", &["tree-name"]);
    check_file("ktx_daemon/a:b.py", b"", &["tree-name"]);
    check_file("ktx_daemon/back\\slash.py", b"", &["tree-name"]);
    check_file("ktx_daemon/e\u{301}.py", b"", &["tree-name"]);
    check_file("ktx_daemon/PY.TYPED", b"", &["wheel-undeclared-file"]);
    check_file("ktx_daemon/__MAIN__.py", b"", &["entry-collision"]);
    check_file("semantic_layer/SQL/other.py", b"", &["entry-collision"]);
    check_file("README.md", b"\xff", &["text-encoding"]);
    check_file("LICENSE", b"\xff", &["text-encoding"]);
}

#[test]
fn declared_data_ships_and_must_exist() {
    let declare = |sources: &Sources| {
        let table = "[tool.ktx]\npackage-data = [\"ktx_daemon/dialects/*.json\"]\n\n[project.scripts]";
        sources.replace("python/pyproject.toml", "[project.scripts]", table);
    };
    check(declare, &["package-data-missing"]);
    check(
        |sources| {
            declare(sources);
            sources.write("python/ktx_daemon/dialects/a.json", "{}");
        },
        &[],
    );
    check(
        |sources| {
            declare(sources);
            sources.write("python/ktx_daemon/dialects/a.json", "{}");
            sources.write("python/ktx_daemon/dialects/deeper/b.json", "{}");
        },
        &["wheel-undeclared-file"],
    );
}

#[test]
fn files_that_are_named_must_be_there() {
    check(|sources| sources.remove("python/README.md"), &["file-missing"]);
    check(|sources| sources.remove("python/LICENSE"), &["license-missing"]);
    check(
        |sources| sources.remove("python/semantic_layer/__init__.py"),
        &["package-missing"],
    );
}

#[cfg(unix)]
#[test]
fn links_and_special_files_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let link = |from: &'static str, to: &'static str| {
        move |sources: &Sources| {
            let path = sources.path(&format!("python/{to}"));
            if path.exists() {
                fs::rename(&path, sources.path("python/moved")).expect("it can be moved");
            }
            fs::os::unix::fs::symlink(from, path).expect("a link can be made");
        }
    };
    check(link("__init__.py", "ktx_daemon/link.py"), &["tree-symlink"]);
    check(link("nowhere", "ktx_daemon/dangling.py"), &["tree-symlink"]);
    check(link("../semantic_layer", "ktx_daemon/folder"), &["tree-symlink"]);
    check(link("moved", "README.md"), &["tree-symlink"]);
    check(link("moved", "LICENSE"), &["tree-symlink"]);
    check(link("moved", "semantic_layer"), &["tree-symlink"]);
    check(
        |sources| {
            let path = sources.path("python/ktx_daemon/socket.py");
            std::os::unix::net::UnixListener::bind(path).expect("a socket can be made");
        },
        &["tree-special-file"],
    );
    check(
        |sources| {
            let folder = sources.path("python/ktx_daemon");
            fs::write(folder.join(OsStr::from_bytes(b"\xff.py")), "").expect("Linux takes any bytes");
        },
        &["tree-name"],
    );
}

#[test]
fn every_refusal_names_path_and_rule() {
    let sources = Sources::new();
    for path in ["a.pth", "b.so", ".c", "d.txt", "nul.py"] {
        sources.write(&format!("python/ktx_daemon/{path}"), "");
    }
    let error = sources.plan_wheel().expect_err("five files do not belong");
    let root = sources.root().display().to_string();
    let text: String = error
        .findings()
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    insta::assert_snapshot!(text.replace(&root, "[ROOT]"));
}

#[test]
fn a_version_without_a_python_form_is_refused() {
    let sources = Sources::new();
    let project = sources.project().expect("the project is sound");
    let plan = |version: &str| {
        let version = version.parse().expect("SemVer takes it");
        WheelPlan::new(&project, &version, None)
    };
    let error = plan("1.2.3-rc").expect_err("PEP 440 does not");
    assert_eq!(
        error.to_string(),
        "Unsupported public npm prerelease for Python runtime version: 1.2.3-rc"
    );
    assert!(error.hint().is_some());
    let plan = plan("1.2.3-rc.1").expect("both take it");
    assert_eq!(
        plan.filename().to_string(),
        "kaelio_ktx-1.2.3rc1-py3-none-any.whl"
    );
}

#[test]
fn an_interrupted_build_makes_no_wheel() {
    let plan = Sources::new().plan_wheel().expect("the sources are sound");
    let stopped = plan.build(&crate::sources::interrupted());
    assert!(matches!(stopped, Err(ktx_release::Error::Interrupted)));
}

#[test]
fn a_wheel_is_written_whole_and_read_back() {
    let sources = Sources::new();
    sources.build_wheel();
    sources.write("python/ktx_daemon/new.py", "");
    let wheel = sources.build_wheel();
    let folder = sources.path("dist/artifacts/python");
    assert_eq!(
        fs::read_dir(&folder).expect("a folder").count(),
        1,
        "nothing half-written is left"
    );
    let project = sources.project().expect("the project is sound");
    let read = BuiltWheel::read(&project, &VERSION, &folder).expect("it was written");
    assert_eq!((read.content, read.filename), (wheel.content, wheel.filename));
    sources.remove("dist/artifacts/python");
    let missing = BuiltWheel::read(&project, &VERSION, &folder)
        .map(drop)
        .expect_err("it is gone");
    assert_eq!(missing.hint(), Some("run: cargo xtask build-wheel"));
}
