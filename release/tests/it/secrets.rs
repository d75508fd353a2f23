//! Credentials and traces of the machine, each form in each kind of file; and texts that only look like them.

use std::sync::LazyLock;

use fs_err as fs;
use ktx_manifest::Finding;
use ktx_release::archive::Mode;
use ktx_release::package::{PackageContents, judge, of_machine};

use crate::sources::{Sources, VERSION};

fn package() -> PackageContents {
    static PACKAGE: LazyLock<PackageContents> = LazyLock::new(|| {
        let sources = Sources::new();
        let file = fs::File::open(sources.pack()).expect("the tarball is there");
        PackageContents::unpack(file, "x.tgz").expect("a sound tarball")
    });
    PACKAGE.clone()
}

/// The findings about secrets and machines, of a package in which a file ends with a text.
fn found(path: &str, text: &str) -> Vec<Finding> {
    let mut contents = package();
    let mut bytes = contents.get(path).expect("it is there").bytes.to_vec();
    bytes.extend_from_slice(text.as_bytes());
    contents.insert(path.parse().expect("safe"), Mode::Regular, bytes);
    let mut findings = judge(&contents, &VERSION).expect("it can be judged");
    findings.retain(|finding| ["package-secret", "package-machine"].contains(&finding.code.as_ref()));
    findings
}

#[track_caller]
fn check(text: &str, code: Option<&str>) {
    for path in [
        "README.md",
        "dist/bin.js",
        "assets/demo/ktx.yaml",
        "native/linux-x64/ktx",
    ] {
        let findings = found(path, &format!("\n{text}\n"));
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_ref()).collect();
        let is_looked_for = path != "native/linux-x64/ktx" || !text.contains("assigned");
        assert_eq!(
            codes.first().copied(),
            code.filter(|_| is_looked_for),
            "{path}: {text}"
        );
        for finding in findings {
            assert!(finding.message.contains(path), "{}", finding.message);
            assert!(finding.message.contains("at byte "), "{}", finding.message);
            let secret: String = text
                .chars()
                .rev()
                .take(12)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            assert!(!finding.message.contains(&secret), "{}", finding.message);
        }
    }
}

#[test]
fn tokens_and_keys_are_found_wherever_they_are() {
    let some = |letters: &str, count: usize| letters.repeat(count);
    for token in [
        format!("npm_{}", some("aB3", 12)),
        format!("//registry.example/:_authToken={}", some("c0ffee-", 5)),
        format!("_auth = {}", some("Zm9v", 6)),
        format!("ghp_{}", some("aB3", 12)),
        format!("ghs_{}", some("aB3", 12)),
        format!("github_pat_{}_{}", some("A1", 11), "b".repeat(59)),
        format!("pypi-AgE{}", some("Ip_-", 15)),
        format!("cio{}", some("aB3d", 8)),
        format!("AKIA{}", some("Q2", 8)),
        format!("xoxb-{}", some("123-", 6)),
        format!("AIza{}", some("aB3_-", 7)),
        format!("sk_live_{}", some("aB3", 8)),
        format!("glpat-{}", some("aB3_-", 4)),
        format!("sk-ant-{}", some("aB3_-", 5)),
        format!("hf_{}", some("aB", 17)),
        format!("eyJ{0}.eyJ{0}.{0}", some("aB3_", 6)),
        format!("-----BEGIN {}-----\n{}", "PRIVATE KEY", some("MIIE", 12)),
        format!("-----BEGIN RSA {}-----\\n{}", "PRIVATE KEY", some("MIIE", 12)),
        format!("-----BEGIN OPENSSH {}-----\n{}", "PRIVATE KEY", some("b3Bl", 12)),
        format!("AGE-SECRET-KEY-1{}", some("A2", 29)),
    ] {
        check(&token, Some("package-secret"));
    }
}

#[test]
fn random_values_that_are_assigned_to_a_name_are_found_in_texts() {
    let random = "q7Vd93kXw0RmTz58LbYh";
    for assigned in [
        format!("password: {random} # assigned"),
        format!("API_KEY='{random}' # assigned"),
        format!("{{\"client_secret\": \"{random}\", \"assigned\": 1}}"),
        format!("const token = \"{random}\"; // assigned"),
    ] {
        check(&assigned, Some("package-secret"));
    }
}

#[test]
fn folders_of_people_are_found() {
    for folder in [
        "/home/ada/src",
        "/Users/Ada.L/src",
        "/root/42/src",
        r"C:\Users\Ada L\src",
        r"c:\\Users\\ada\\src",
    ] {
        check(folder, Some("package-machine"));
    }
}

#[test]
fn what_only_looks_like_it_is_accepted() {
    for text in [
        "npm_config_registry and npm_lifecycle_event",
        "ghp_short",
        "the prefix of a key is AKIA",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
        "_authToken=${NPM_TOKEN}",
        "token: read_the_token_from_the_environment",
        "password = connection.password_of_the_user()",
        "secret: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa111",
        "/Users/Shared/x",
        "/usr/lib/python3/dist-packages, /rustc/59807616e1/library/std",
        "/home/<you>/.ktx and ~/.ktx",
    ] {
        check(text, None);
    }
    // Between the texts of a program there is nothing, so there any folder counts.
    let page = "https://example.com/home/page/";
    let none: Vec<Finding> = found("README.md", page);
    assert!(none.is_empty(), "{none:#?}");
    assert!(!found("native/linux-x64/ktx", page).is_empty());
}

#[test]
fn the_machine_that_verifies_is_in_no_file() {
    let words = ["/builds/agent-7/ktx".to_owned(), "agent-7".to_owned()];
    let mut contents = package();
    assert!(of_machine(&contents, &words).is_empty());
    let text = "x /builds/agent-7/ktx/src/main.rs";
    contents.insert("README.md".parse().expect("safe"), Mode::Regular, text.into());
    let messages: Vec<String> = of_machine(&contents, &words)
        .into_iter()
        .map(|finding| finding.message.to_string())
        .collect();
    let said = "failed to accept `README.md`: at byte";
    let what = "is the name or a folder of this machine";
    assert_eq!(
        messages,
        [format!("{said} 2 {what}"), format!("{said} 10 {what}")]
    );
}
