//! The parsers of names: what each takes, and what it refuses and why.

use ktx_manifest::archive_path::{ArchivePath, PathFault as Unsafe};
use ktx_manifest::wheel_filename::{InvalidWheelReason as Invalid, WheelFilename};
use ktx_manifest::{ContentId, Sha256Digest};

#[test]
fn takes_paths_that_every_system_reads_alike() {
    let longest_name = "n".repeat(255);
    let longest_path = format!("{}/{}", ["n".repeat(127).as_str(); 7].join("/"), "n".repeat(127));
    assert_eq!(longest_path.len(), 1023);
    for path in [
        "a",
        "a/b/c.py",
        ".hidden",
        "a..b",
        "...a",
        "a b",
        "a#b;c%20d",
        "é/ü.py",
        "日本語",
        "console.py",
        "com",
        "COM10",
        "nulls/auxiliary.c",
        "@kaelio/ktx",
        "a+b-1.0.dist-info/RECORD",
        &longest_name,
        &longest_path,
    ] {
        let parsed = path
            .parse::<ArchivePath>()
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(parsed.as_str(), path);
        assert_eq!(
            serde_json::from_value::<ArchivePath>(path.into()).unwrap(),
            parsed
        );
    }
}

#[test]
fn refuses_paths_that_some_system_reads_otherwise() {
    let long_name = "n".repeat(256);
    let long_path = "n/".repeat(512) + "n";
    for (path, reason) in [
        ("", Unsafe::Empty),
        ("/", Unsafe::Absolute),
        ("/etc/passwd", Unsafe::Absolute),
        ("//server/share", Unsafe::Absolute),
        ("a//b", Unsafe::EmptyName),
        ("a/", Unsafe::EmptyName),
        (".", Unsafe::Dots),
        ("..", Unsafe::Dots),
        ("../a", Unsafe::Dots),
        ("a/../b", Unsafe::Dots),
        ("a/./b", Unsafe::Dots),
        ("a\\b", Unsafe::Backslash),
        ("..\\a", Unsafe::Backslash),
        ("\\\\server\\share", Unsafe::Backslash),
        ("C:\\a", Unsafe::Backslash),
        ("a\0b", Unsafe::Control),
        ("a\nb", Unsafe::Control),
        ("a\u{7f}", Unsafe::Control),
        ("a\u{85}b", Unsafe::Control),
        ("a\u{1b}[31m", Unsafe::Control),
        ("txt.\u{202e}yp", Unsafe::Control),
        ("a\u{200b}b", Unsafe::Control),
        ("\u{feff}a", Unsafe::Control),
        ("C:a", Unsafe::ForbiddenCharacter),
        ("C:/a", Unsafe::ForbiddenCharacter),
        ("a:stream", Unsafe::ForbiddenCharacter),
        ("a?", Unsafe::ForbiddenCharacter),
        ("a*", Unsafe::ForbiddenCharacter),
        ("a|b", Unsafe::ForbiddenCharacter),
        ("<a>", Unsafe::ForbiddenCharacter),
        ("\"a\"", Unsafe::ForbiddenCharacter),
        ("a.", Unsafe::TrailingDotOrBlank),
        ("a ", Unsafe::TrailingDotOrBlank),
        ("a /b", Unsafe::TrailingDotOrBlank),
        ("a./b", Unsafe::TrailingDotOrBlank),
        ("...", Unsafe::TrailingDotOrBlank),
        ("CON", Unsafe::DeviceName),
        ("nul", Unsafe::DeviceName),
        ("a/aux.py", Unsafe::DeviceName),
        ("Prn.tar.gz", Unsafe::DeviceName),
        ("com1", Unsafe::DeviceName),
        ("LPT9.txt", Unsafe::DeviceName),
        ("com¹", Unsafe::DeviceName),
        ("CONOUT$", Unsafe::DeviceName),
        ("con .txt", Unsafe::DeviceName),
        ("e\u{301}", Unsafe::NotComposed),
        ("\u{212b}", Unsafe::NotComposed),
        (&long_name, Unsafe::TooLong),
        (&long_path, Unsafe::TooLong),
    ] {
        let error = path
            .parse::<ArchivePath>()
            .expect_err(&format!("{path:?} was taken"));
        assert_eq!(error.reason, reason, "{path:?}");
        assert!(
            error.to_string().chars().all(|shown| !shown.is_control()),
            "{error}"
        );
        assert!(
            serde_json::from_value::<ArchivePath>(path.into()).is_err(),
            "{path:?} came in through serde"
        );
    }
    let latin1 = ArchivePath::try_from(&b"caf\xe9"[..]).expect_err("bytes that are no text were taken");
    assert_eq!(latin1.reason, Unsafe::NotUnicode);
}

#[test]
fn takes_file_names_of_pure_wheels_and_writes_them_back() {
    for (name, distribution, version) in [
        ("kaelio_ktx-0.1.0-py3-none-any.whl", "kaelio_ktx", "0.1.0"),
        ("kaelio_ktx-0.1.0rc0-py3-none-any.whl", "kaelio_ktx", "0.1.0rc0"),
        (
            "kaelio_ktx-0.5.0.dev1+my.fix-py3-none-any.whl",
            "kaelio_ktx",
            "0.5.0.dev1+my.fix",
        ),
        ("a1-2024.12-py3-none-any.whl", "a1", "2024.12"),
        ("a-1!2.0.post3-py3-none-any.whl", "a", "1!2.0.post3"),
    ] {
        let parsed = name
            .parse::<WheelFilename>()
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (parsed.distribution(), parsed.version().to_string().as_str()),
            (distribution, version)
        );
        assert_eq!(parsed.to_string(), name);
        assert_eq!(parsed.dist_info(), format!("{distribution}-{version}.dist-info"));
    }
}

#[test]
fn refuses_file_names_that_are_no_pure_wheel_or_have_another_spelling() {
    for (name, reason) in [
        ("", Invalid::Tag),
        ("kaelio_ktx-0.1.0.tar.gz", Invalid::Tag),
        ("kaelio_ktx-0.1.0-py3-none-any.WHL", Invalid::Tag),
        ("kaelio_ktx-0.1.0-py3-none-any.whl.exe", Invalid::Tag),
        ("kaelio_ktx-0.1.0-py2.py3-none-any.whl", Invalid::Tag),
        ("kaelio_ktx-0.1.0-cp312-cp312-linux_x86_64.whl", Invalid::Tag),
        ("kaelio_ktx-0.1.0-xpy3-none-any.whl", Invalid::Tag),
        ("-py3-none-any.whl", Invalid::Parts),
        ("kaelio_ktx-py3-none-any.whl", Invalid::Parts),
        ("kaelio_ktx-0.1.0-1-py3-none-any.whl", Invalid::Parts),
        ("kaelio-ktx-0.1.0-py3-none-any.whl", Invalid::Parts),
        ("-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("Kaelio_ktx-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("kaelio__ktx-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("_ktx-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("kaelio.ktx-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("../ktx-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("kaelio_ktx\0-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("kaélio_ktx-0.1.0-py3-none-any.whl", Invalid::Distribution),
        ("kaelio_ktx--py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-0.1.0rc-py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-v0.1.0-py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-0.1.0-rc.0-py3-none-any.whl", Invalid::Parts),
        ("kaelio_ktx-0.1.0.rc0-py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-0.1.0+My_Fix-py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-0.01.0-py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-0.1/0-py3-none-any.whl", Invalid::Version),
        ("kaelio_ktx-latest-py3-none-any.whl", Invalid::Version),
    ] {
        let error = name
            .parse::<WheelFilename>()
            .expect_err(&format!("{name:?} was taken"));
        assert_eq!(error.reason, reason, "{name:?}");
    }
}

#[test]
fn reads_digests_only_as_it_writes_them() {
    // FIPS 180-2's example.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let digest = Sha256Digest::of("abc");
    assert_eq!(digest.to_string(), abc);
    assert_eq!(abc.parse(), Ok(digest));
    for text in [
        String::new(),
        abc[1..].to_owned(),
        format!("{abc}0"),
        abc.to_uppercase(),
        format!(" {}", &abc[1..]),
        format!("sha256:{abc}"),
        abc.replace('b', "g"),
        format!("é{}", &abc[2..]),
    ] {
        assert!(text.parse::<Sha256Digest>().is_err(), "{text:?} was taken");
    }
}

#[test]
fn digests_files_as_it_digests_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let bytes = (0..3_000_001_u32)
        .map(|index| (index % 251) as u8)
        .collect::<Vec<_>>();
    fs_err::write(&path, &bytes).unwrap();
    let expected = ContentId {
        sha256: Sha256Digest::of(&bytes),
        bytes: 3_000_001,
    };
    assert_eq!(Sha256Digest::of_file(&path).unwrap(), expected);
    let missing =
        Sha256Digest::of_file(folder.path().join("missing")).expect_err("a missing file has no digest");
    assert!(missing.to_string().contains("missing"), "{missing}");
}
