//! No credential ships, and nothing that tells on the machine that built the package. A finding names the file and the
//! offset, never the secret.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ktx_manifest::{Finding, Platform};
use regex::bytes::{Regex, RegexBuilder};

use super::every_file;
use crate::bill::NOTICES;
use crate::package::contents::PackageContents;

/// The forms of tokens that say what they are, and keys in PEM. Each starts with fixed letters, so that a program of
/// many megabytes is searched at the speed of its memory.
const FORMS: [(&str, &str); 16] = [
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    (
        "a legacy npm credential",
        r#"_(?:authToken|auth|password)\s*=\s*["']?[A-Za-z0-9+/_=-]{16,}"#,
    ),
    ("a GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36}"),
    ("a GitHub token", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    ("a PyPI token", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("a crates.io token", r"\bcio[A-Za-z0-9]{32}\b"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("a Slack token", r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a Stripe key", r"\b(?:sk|rk)_live_[0-9A-Za-z]{24,}"),
    ("a GitLab token", r"\bglpat-[0-9A-Za-z_-]{20}"),
    (
        "an API key of an AI service",
        r"\bsk-(?:ant|proj|svcacct)-[0-9A-Za-z_-]{20,}",
    ),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{34}\b"),
    (
        "a signed JSON Web Token",
        r"\beyJ[0-9A-Za-z_-]{12,}\.eyJ[0-9A-Za-z_-]{12,}\.[0-9A-Za-z_-]{20,}",
    ),
    (
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n|\\r)+[A-Za-z0-9+/=:, -]{32,}",
    ),
    ("an age identity", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}"),
];

/// A name that means a secret, and the value that it is given.
const ASSIGNMENT: &str = r#"(?:secret|token|passwd|password|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["'\]]*\s*(?:=>|:=|[:=])\s*["']?([A-Za-z0-9+/_=.-]{20,})"#;

/// Bits in a character of the value. Words and names in code are below 3.7; 20 random letters and digits have 4.
const MOST_ENTROPY: f64 = 3.7;

/// Folders of people and of machines: nobody's package is in one of them.
const FOLDERS: &str =
    r"/home/[a-z_][a-z0-9_.-]*/|/Users/[A-Za-z0-9._-]+/|/root/|[A-Za-z]:\\+Users\\+[A-Za-z0-9._ -]+\\";

/// `/Users/Shared` is every machine's.
const NOBODYS: [&str; 1] = ["/Users/Shared/"];

#[expect(clippy::expect_used, reason = "a constant expression, compiled by any test")]
fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .expect("a sound expression")
}

static TOKENS: LazyLock<Vec<(&str, Regex)>> =
    LazyLock::new(|| FORMS.map(|(name, pattern)| (name, regex(pattern))).into());
static ASSIGNMENTS: LazyLock<Regex> = LazyLock::new(|| regex(&format!("(?i){ASSIGNMENT}")));
static PERSONAL: LazyLock<Regex> = LazyLock::new(|| regex(FOLDERS));

/// Credentials and personal folders in any file of the package and of the wheel.
pub fn findings(contents: &PackageContents) -> Vec<Finding> {
    let mut findings = Vec::new();
    every_file(contents, |path, bytes| {
        let mut places: BTreeSet<(usize, &str)> = BTreeSet::new();
        for (name, form) in TOKENS.iter() {
            places.extend(form.find_iter(bytes).map(|found| (found.start(), *name)));
        }
        if !is_program(path) {
            places.extend(assignments(bytes).map(|at| (at, "a secret that is assigned to a name")));
        }
        findings.extend(places.into_iter().map(|(at, what)| secret(path, at, what)));
        let folder = PERSONAL.find_iter(bytes).find(|found| {
            let is_anybodys = NOBODYS
                .iter()
                .any(|nobodys| nobodys.as_bytes() == found.as_bytes());
            !is_anybodys && (is_program(path) || !continues_a_word(bytes, found.start()))
        });
        // The licences name the web pages and the machines of their authors.
        if let Some(folder) = folder.filter(|_| path != NOTICES) {
            findings.push(machine(path, folder.start(), "a folder of a person"));
        }
    });
    findings
}

/// What tells on this very machine: its name, and the folders that it builds in.
pub fn of_machine(contents: &PackageContents, words: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    every_file(contents, |path, bytes| {
        for word in words {
            if let Some(at) = memchr::memmem::find(bytes, word.as_bytes()) {
                findings.push(machine(path, at, "the name or a folder of this machine"));
            }
        }
    });
    findings
}

fn assignments(bytes: &[u8]) -> impl Iterator<Item = usize> {
    ASSIGNMENTS.captures_iter(bytes).filter_map(|captures| {
        let value = captures.get(1)?;
        is_random(value.as_bytes()).then_some(value.start())
    })
}

/// Random text has letters and digits, and few of them twice.
fn is_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let has_letters = value.iter().any(u8::is_ascii_alphabetic);
    digits >= 3 && has_letters && entropy(value) > MOST_ENTROPY
}

/// Shannon's, in bits for each byte.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let length = value.len() as f64;
    let share = |count: u32| f64::from(count) / length;
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| -share(count) * share(count).log2())
        .sum()
}

/// `example.com/home/page/` is not a folder. In a program, texts follow each other without anything between them.
fn continues_a_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
}

fn is_program(path: &str) -> bool {
    Platform::ALL
        .into_iter()
        .any(|platform| platform.program_path() == path)
}

fn secret(path: &str, at: usize, what: &str) -> Finding {
    let message = format!("failed to accept `{path}`: at byte {at} is what looks like {what}");
    Finding::error("package-secret", message)
        .with_hint("remove it from the sources, and revoke it: it may have been seen")
}

fn machine(path: &str, at: usize, what: &str) -> Finding {
    let message = format!("failed to accept `{path}`: at byte {at} is {what}");
    Finding::error("package-machine", message)
        .with_hint("build it with: cargo xtask build, which removes such paths")
}
