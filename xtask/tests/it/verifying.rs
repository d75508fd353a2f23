//! `cargo xtask verify-published`: a version on a registry, and the same version built again.

use assert_cmd::cargo::cargo_bin;
use fs_err as fs;
use ktx_manifest::LockFile;

use crate::checkout::foreign;
use crate::releaser::Releaser;

impl Releaser {
    /// A version that is out, tagged.
    fn published(version: &str) -> Self {
        let releaser = Self::new(version);
        releaser.publish(version);
        releaser.checkout.git(&["tag", &format!("v{version}")]);
        releaser
    }

    /// Verifies; `cargo xtask build` in the clone takes the programs in this checkout.
    fn verifies(&self, arguments: &[&str]) -> String {
        use std::os::unix::fs::PermissionsExt;

        let programs = tempfile::tempdir().expect("a folder");
        let cargo = programs.path().join("cargo");
        let script = format!(
            "#!/bin/sh\numask 077\nexport TZ=Asia/Tokyo\nmkdir -p dist target\ncp -R '{}' dist/bin\nln -s '{}' target/tools\n\
             exec '{}' build --prebuilt\n",
            self.checkout.path("dist/bin").display(),
            self.checkout.path("target/tools").display(),
            cargo_bin!("xtask").display(),
        );
        fs::write(&cargo, script).expect("a program");
        fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).expect("it runs");
        let mut command = self.checkout.xtask(&[&["verify-published"], arguments].concat());
        let path = std::env::var("PATH").expect("a PATH");
        command.env("PATH", format!("{}:{path}", programs.path().display()));
        let said = self.checkout.transcript(command);
        said.replace(self.registry.url().as_str(), "https://registry.example/")
            .replace(foreign().as_str(), "[PLATFORM]")
    }

    /// What a refused rebuild says about the files, which is all that differs between one refusal and another.
    #[track_caller]
    fn differences(&self, arguments: &[&str]) -> String {
        let transcript = self.verifies(&[&["0.1.0", "--rebuild"], arguments].concat());
        assert!(transcript.starts_with("exit 6\n"), "{transcript}");
        let hint = "error: the rebuilt package is not the published one\n\
            hint: do not install it; send the output above to the maintainers\n";
        assert!(transcript.ends_with(hint), "{transcript}");
        let start = transcript.find("rebuilt from ").expect("it was rebuilt");
        let end = transcript.find("--- stderr\n").expect("stderr comes after it");
        transcript[start..end].to_owned()
    }

    /// A commit with one change, which is not tagged.
    fn planted(&self, path: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
        let before = self.checkout.read(path);
        self.checkout.write(path, change(before.clone()));
        self.checkout.commit();
        let revision = self.checkout.git(&["rev-parse", "HEAD"]);
        self.checkout.write(path, before);
        self.checkout.commit();
        revision
    }
}

macro_rules! snapshot {
    ($text:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"[0-9a-f]{40}", "[REVISION]"),
            (r"byte \d+", "byte [OFFSET]"),
            (r"line \d+", "line [LINE]"),
            (r"(published|rebuilt) [0-9a-f]+\b", "$1 [BYTES]"),
            (r"\d+\.\d\d s", "[TIME]"),
        ]}, { insta::assert_snapshot!($text, @$expected) })
    };
}

#[test]
fn a_published_version_is_verified_and_rebuilt_to_the_byte() {
    let releaser = Releaser::published("0.1.0");
    snapshot!(releaser.verifies(&["next"]), @r"
    exit 0
    --- stdout
    @kaelio/ktx@0.1.0 on https://registry.example/
    passed: the bytes are those that the registry announces
    passed: the tarball has one reading only
    not checked: the files have the announced size: the registry does not say
    not checked: there are as many files as announced: the registry does not say
    not checked: the registry signed the version: it has no keys
    not checked: the registry attests that it published these bytes: no keys of the registry are known
    not checked: the release workflow of this repository built it, at the commit that the package names: the version has no attestation about its build
    passed: wheel, locks, programs and manifest in the package agree
    --- stderr
    ");
    snapshot!(releaser.verifies(&["0.1.0", "--rebuild"]), @r"
    exit 0
    --- stdout
    @kaelio/ktx@0.1.0 on https://registry.example/
    passed: the bytes are those that the registry announces
    passed: the tarball has one reading only
    not checked: the files have the announced size: the registry does not say
    not checked: there are as many files as announced: the registry does not say
    not checked: the registry signed the version: it has no keys
    not checked: the registry attests that it published these bytes: no keys of the registry are known
    not checked: the release workflow of this repository built it, at the commit that the package names: the version has no attestation about its build
    passed: wheel, locks, programs and manifest in the package agree
    rebuilt from [REVISION]: equal, byte for byte
    --- stderr
       ...  build [PLATFORM] again
        ok  build [PLATFORM] again          [TIME]
    ");
    let json = releaser.verifies(&["0.1.0", "--rebuild", "--json"]);
    assert!(
        json.contains("\"equal\": true") && json.contains("\"differences\": []"),
        "{json}"
    );
    snapshot!(releaser.verifies(&["0.2.0"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: https://registry.example/ has no version or dist-tag 0.2.0 of @kaelio/ktx
    hint: npm view @kaelio/ktx versions dist-tags --registry=https://registry.example/
    ");
    releaser.checkout.git(&["tag", "--delete", "v0.1.0"]);
    snapshot!(releaser.verifies(&["0.1.0", "--rebuild"]), @r"
    exit 4
    --- stdout
    @kaelio/ktx@0.1.0 on https://registry.example/
    passed: the bytes are those that the registry announces
    passed: the tarball has one reading only
    not checked: the files have the announced size: the registry does not say
    not checked: there are as many files as announced: the registry does not say
    not checked: the registry signed the version: it has no keys
    not checked: the registry attests that it published these bytes: no keys of the registry are known
    not checked: the release workflow of this repository built it, at the commit that the package names: the version has no attestation about its build
    passed: wheel, locks, programs and manifest in the package agree
    --- stderr
    error: this checkout has no v0.1.0
    hint: git fetch origin tag v0.1.0
    ");
}

#[test]
fn whatever_was_planted_is_named() {
    let releaser = Releaser::published("0.1.0");
    let append = |text: &'static str| {
        move |mut content: Vec<u8>| {
            content.extend(text.bytes());
            content
        }
    };
    // A lock whose header was not made to fit is refused by the build.
    let locked = |content: Vec<u8>| {
        let text = String::from_utf8(content).expect("a lock is text");
        let lock = LockFile::read(&text).expect("it holds");
        let pins = format!("{}# planted\n", lock.pins);
        LockFile { pins: &pins, ..lock }.to_string().into_bytes()
    };
    let planted = [
        releaser.planted("npm/dist/bin.js", append("// planted\n")),
        releaser.planted("python/ktx_daemon/__init__.py", append("# planted\n")),
        releaser.planted("python/locks/core.txt", locked),
    ];
    let mut reports: Vec<String> = planted
        .iter()
        .map(|revision| releaser.differences(&["--source-revision", revision]))
        .collect();
    let platform = foreign();
    let program = format!("dist/bin/{platform}/{}", platform.program_file());
    let mut bytes = releaser.checkout.read(&program);
    bytes.push(0);
    releaser.checkout.write(&program, bytes);
    reports.push(releaser.differences(&[]));
    snapshot!(reports.concat(), @r"
    rebuilt from [REVISION]: 2 files differ
      assets/sbom.cdx.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      dist/bin.js: byte [OFFSET] (line [LINE]): published its end, rebuilt [BYTES]; likely cause: the file or its sources were changed
    rebuilt from [REVISION]: 4 files differ
      assets/python/manifest.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      assets/sbom.cdx.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      wheel: kaelio_ktx-*.dist-info/RECORD: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      wheel: ktx_daemon/__init__.py: byte [OFFSET] (line [LINE]): published its end, rebuilt [BYTES]; likely cause: the file or its sources were changed
    rebuilt from [REVISION]: 5 files differ
      assets/python/core.txt: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      assets/python/manifest.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      assets/sbom.cdx.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      wheel: kaelio_ktx-*.dist-info/RECORD: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      wheel: kaelio_ktx-*.dist-info/sboms/kaelio_ktx.cdx.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
    rebuilt from [REVISION]: 3 files differ
      assets/sbom.cdx.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      dist/programs.json: byte [OFFSET] (line [LINE]): published [BYTES], rebuilt [BYTES]; likely cause: the file or its sources were changed
      native/[PLATFORM]/ktx: byte [OFFSET]: published its end, rebuilt [BYTES]; likely cause: the file or its sources were changed
    ");
}
