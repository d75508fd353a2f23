//! RECORD's text: what both readers accept and refuse, and where installed files are.

use std::path::{Path, PathBuf};

use ktx_manifest::Sha256Digest;
use ktx_manifest::record::{parse_installed_record, parse_wheel_record};

const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

#[test]
fn reads_rows_with_quotes_and_with_either_line_end() {
    let text = format!("\"a, b.py\",{EMPTY},0\r\n\"quote\"\"d\",,\nRECORD,,");
    let installed = parse_installed_record(text.as_bytes()).unwrap();
    let paths = installed
        .iter()
        .map(|row| row.path.to_string())
        .collect::<Vec<_>>();
    assert_eq!(paths, ["a, b.py", "quote\"d", "RECORD"]);
    assert_eq!(
        (installed[0].sha256, installed[0].bytes),
        (Some(Sha256Digest::of("")), Some(0))
    );
    assert_eq!((installed[2].sha256, installed[2].bytes), (None, None));
    assert_eq!(parse_wheel_record(b""), Ok(Vec::new()));
}

#[test]
fn takes_from_installers_what_wheels_must_not_have() {
    for row in [
        "../../../bin/ktx-daemon,,",
        "a.py,sha512=AAAA,1",
        &format!("a.py,{EMPTY}=,0"),
        "aux.py,,",
        "ab:c.py,,",
        "e\u{301}.py,,",
        "__pycache__/a.cpython-311.pyc,,",
    ] {
        assert!(
            parse_installed_record(row.as_bytes()).is_ok(),
            "{row} was refused"
        );
        let pyc = row.contains("pyc");
        assert_eq!(
            parse_wheel_record(row.as_bytes()).is_ok(),
            pyc,
            "{row} in a wheel"
        );
    }
}

#[test]
fn refuses_rows_that_neither_may_have() {
    for row in [
        "a.py",
        "a.py,",
        "a.py,,,",
        ",,",
        "/etc/passwd,,",
        "C:/a,,",
        "a\\b,,",
        "a/../b,,",
        "a/./b,,",
        "a//b,,",
        "..,,",
        "../..,,",
        "../,,",
        "a\0b,,",
        "a.py,sha256=,0",
        "a.py,sha256=AAAA,0",
        "a.py,md5,0",
        "a.py,=x,0",
        "a.py,sha256,0",
        "a.py,,-1",
        "a.py,,1.0",
        "a.py,, 1",
        "a.py,,99999999999999999999",
        "\"a.py,,",
        "a\"b\",,\nx",
    ] {
        assert!(
            parse_wheel_record(row.as_bytes()).is_err(),
            "{row:?} was taken in a wheel"
        );
        let installed = parse_installed_record(row.as_bytes());
        assert!(installed.is_err(), "{row:?} was taken from an installer");
    }
    let error = parse_wheel_record(b"a.py,,\ncaf\xe9,,\n").expect_err("bytes that are no text were taken");
    assert_eq!(
        error.to_string(),
        "row 2: it is not CSV in UTF-8 with three fields"
    );
}

#[test]
fn finds_installed_files_within_the_environment_only() {
    let prefix = Path::new("/home/me/.venv");
    let site_packages = prefix.join("lib/python3.12/site-packages");
    for (path, expected) in [
        (
            "ktx_daemon/__main__.py",
            Some("lib/python3.12/site-packages/ktx_daemon/__main__.py"),
        ),
        ("../../../bin/ktx-daemon", Some("bin/ktx-daemon")),
        ("../other/x", Some("lib/python3.12/other/x")),
        ("../../../../x", None),
        ("../../../../.venv2/x", None),
        ("../../../../../../../../../x", None),
    ] {
        let rows = parse_installed_record(format!("{path},,\n").as_bytes()).unwrap();
        let found = rows[0].path.resolve(&site_packages, prefix);
        assert_eq!(found, expected.map(|path| prefix.join(path)), "{path}");
    }
    let rows = parse_installed_record(b"../x,,\n").unwrap();
    assert_eq!(
        rows[0].path.resolve(Path::new("/a/b"), Path::new("/a")),
        Some(PathBuf::from("/a/x"))
    );
}
