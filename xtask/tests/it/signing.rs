//! Programs for Windows are signed between building and packing, with osslsigncode and a certificate of a test authority.

use std::path::Path;
use std::process::{Command, Stdio};

use fs_err as fs;
use ktx_fixtures::{sample_program, signed_programs};
use ktx_release::signature::{ProgramSignature, read};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{process, transcript};
use crate::releaser::Releaser;

const PROGRAM: &str = "dist/bin/win32-x64/ktx.exe";
const PASSWORD: &str = "not-in-any-log-8f3a";

/// A checkout with a program for Windows whose policy wants it signed; none where the tools are missing.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn releaser() -> Option<Releaser> {
    if Command::new("osslsigncode")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        let no_skip = std::env::var_os("KTX_TEST_NO_SKIP").is_some();
        assert!(!no_skip, "install it with: apt-get install --yes osslsigncode");
        eprintln!("skipped: there is no osslsigncode; install it with: apt-get install --yes osslsigncode");
        return None;
    }
    let releaser = Releaser::new("0.1.0");
    fs::remove_dir_all(releaser.checkout.path("dist/bin")).expect("it is there");
    let program = sample_program::marked(signed_programs::unsigned_windows(), "0.1.0");
    let mark = b"ktx-build-mark:release:rustc 1.95.0 (sample):end".as_slice();
    releaser.checkout.write(PROGRAM, [&program, mark].concat());
    releaser.change_policy(|policy| {
        policy["platforms"] = json!(["win32-x64"]);
        policy["signing"] = json!(["win32-x64"]);
    });
    Some(releaser)
}

/// A key of a certificate for signing code, as PKCS#12, and the file with its password.
fn authority() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("password"), PASSWORD).expect("it is written");
    openssl(
        folder.path(),
        "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key -out certificate -subj /CN=authority",
    );
    openssl(
        folder.path(),
        "pkcs12 -export -inkey key -in certificate -out key.p12 -passout file:password",
    );
    folder
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output();
    let output = output.expect("openssl runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn build(releaser: &Releaser, variables: &[(&str, &Path)]) -> String {
    let mut command = process(&releaser.checkout.path(""), &["-v", "build", "--prebuilt"]);
    command
        .envs(releaser.checkout.environment())
        .envs(variables.iter().copied());
    transcript(&command.output().expect("it runs"))
}

fn gate(releaser: &Releaser) -> String {
    let said = releaser.prints(&["readiness"]);
    let lines = said
        .lines()
        .skip_while(|line| !line.starts_with("Gate signatures: "));
    lines.take(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_program_is_signed_before_it_is_packed_and_unsigned_it_closes_the_gate() {
    let Some(releaser) = releaser() else { return };
    let said = build(&releaser, &[]);
    assert!(
        said.starts_with("exit 0\n")
            && said.contains("the program for win32-x64 is not signed: KTX_SIGN_WIN32_P12 is not set"),
        "{said}"
    );
    let unsigned = releaser.checkout.read(PROGRAM);
    assert_eq!(read(&unsigned), Ok(ProgramSignature::Absent));
    assert_eq!(
        gate(&releaser),
        "Gate signatures: closed\n  - the program for win32-x64 is not signed with a certificate"
    );

    let authority = authority();
    let key = authority.path().join("key.p12");
    let said = build(&releaser, &[("KTX_SIGN_WIN32_P12", &key)]);
    assert!(
        said.starts_with("exit 4\n") && said.contains("KTX_SIGN_WIN32_PASSWORD_FILE is not set"),
        "{said}"
    );
    let password = authority.path().join("password");
    let variables = [
        ("KTX_SIGN_WIN32_P12", key.as_path()),
        ("KTX_SIGN_WIN32_PASSWORD_FILE", &password),
    ];
    let said = build(&releaser, &variables);
    assert!(said.starts_with("exit 0\n") && !said.contains(PASSWORD), "{said}");
    let signed = releaser.checkout.read(PROGRAM);
    assert_eq!(
        read(&signed),
        Ok(ProgramSignature::Certified("CN=authority".to_owned()))
    );
    assert!(
        gate(&releaser).starts_with("Gate signatures: open\n"),
        "{}",
        gate(&releaser)
    );

    // What is packed, described and stated to the launcher is the signed program.
    let packed = |path: &str| releaser.checkout.read(&format!("dist/package/{path}"));
    assert_eq!(packed("native/win32-x64/ktx.exe"), signed);
    let bill = String::from_utf8(packed("assets/sbom.cdx.json")).expect("text");
    assert!(
        bill.contains(&ktx_manifest::Sha256Digest::of(&signed).to_string()),
        "{bill}"
    );
    let sizes: Value = serde_json::from_slice(&packed("dist/programs.json")).expect("JSON");
    assert_eq!(sizes["win32-x64"], json!(signed.len()));
    assert!(releaser.prints(&["verify"]).starts_with("exit 0\n"));

    // A signed program stays as it is.
    build(&releaser, &variables);
    assert_eq!(releaser.checkout.read(PROGRAM), signed);

    // A key that cannot be opened signs nothing, and the last artifacts stay.
    releaser.checkout.write(PROGRAM, unsigned);
    fs::write(&password, "another").expect("it is written");
    let said = build(&releaser, &variables);
    assert!(
        said.starts_with("exit 4\n") && said.contains("failed to sign the program for win32-x64"),
        "{said}"
    );
    assert!(releaser.prints(&["verify"]).starts_with("exit 0\n"));
}
