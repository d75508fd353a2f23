//! No credential ships, and nothing that tells on the machine that built the package. A finding names the file and the
//! offset, never the secret.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use ktx_manifest::{Finding, Platform};
use regex::bytes::{Regex, RegexBuilder};

use super::{every_file, searcher};
use crate::bill::NOTICES;
use crate::package::contents::PackageContents;

/// The forms of tokens that say what they are, and keys in PEM.
const FORMS: [Form; 16] = [
    ("an npm token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36}\b"),
    (
        "a legacy npm credential",
        &["_auth", "_password"],
        r#"_(?:authToken|auth|password)\s*=\s*["']?[A-Za-z0-9+/_=-]{16,}"#,
    ),
    (
        "a GitHub token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"\bgh[pousr]_[A-Za-z0-9]{36}",
    ),
    (
        "a GitHub token",
        &["github_pat_"],
        r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    ("a PyPI token", &["pypi-AgE"], r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("a crates.io token", &["cio"], r"\bcio[A-Za-z0-9]{32}\b"),
    (
        "an AWS access key",
        &["AKIA", "ASIA"],
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    ),
    ("a Slack token", &["xox"], r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}"),
    ("a Google API key", &["AIza"], r"\bAIza[0-9A-Za-z_-]{35}"),
    (
        "a Stripe key",
        &["sk_live_", "rk_live_"],
        r"\b(?:sk|rk)_live_[0-9A-Za-z]{24,}",
    ),
    ("a GitLab token", &["glpat-"], r"\bglpat-[0-9A-Za-z_-]{20}"),
    (
        "an API key of an AI service",
        &["sk-ant-", "sk-proj-", "sk-svcacct-"],
        r"\bsk-(?:ant|proj|svcacct)-[0-9A-Za-z_-]{20,}",
    ),
    ("a Hugging Face token", &["hf_"], r"\bhf_[A-Za-z0-9]{34}\b"),
    (
        "a signed JSON Web Token",
        &["eyJ"],
        r"\beyJ[0-9A-Za-z_-]{12,}\.eyJ[0-9A-Za-z_-]{12,}\.[0-9A-Za-z_-]{20,}",
    ),
    (
        "a private key",
        &["-----BEGIN "],
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n|\\r)+[A-Za-z0-9+/=:, -]{32,}",
    ),
    (
        "an age identity",
        &["AGE-SECRET-KEY-1"],
        r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}",
    ),
];

/// A name that means a secret, and the value that it is given.
const ASSIGNMENT: &str = r#"(?:secret|token|passwd|password|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["'\]]*\s*(?:=>|:=|[:=])\s*["']?([A-Za-z0-9+/_=.-]{20,})"#;

/// Bits in a character of the value. Words and names in code are below 3.7; 20 random letters and digits have 4.
const MOST_ENTROPY: f64 = 3.7;

/// Folders of people and of machines: nobody's package is in one of them.
const FOLDERS: [Form; 1] = [(
    "a folder of a person",
    &["/home/", "/Users/", "/root/", r"\Users\"],
    r"/home/[a-z_][a-z0-9_.-]*/|/Users/[A-Za-z0-9._-]+/|/root/|[A-Za-z]:\\+Users\\+[A-Za-z0-9._ -]+\\",
)];

/// `/Users/Shared` is every machine's.
const NOBODYS: [&[u8]; 1] = [b"/Users/Shared/"];

#[expect(clippy::expect_used, reason = "a constant expression, compiled by any test")]
fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .expect("a sound expression")
}

static TOKENS: LazyLock<Forms> = LazyLock::new(|| Forms::new(&FORMS));
static ASSIGNMENTS: LazyLock<Regex> = LazyLock::new(|| regex(&format!("(?i){ASSIGNMENT}")));
static PERSONAL: LazyLock<Forms> = LazyLock::new(|| Forms::new(&FOLDERS));

/// Expressions that are tried only around letters that all they match contain: one pass looks for the letters of all.
struct Forms {
    letters: AhoCorasick,
    /// The expression that each of the letters belongs to, and what to call what it matches.
    patterns: Vec<(&'static str, Regex)>,
}

/// What to call it, the letters that each of its kind contains, and the whole form.
type Form = (&'static str, &'static [&'static str], &'static str);

impl Forms {
    /// How far after its letters a match may go on, in bytes. Any form is sure of itself before.
    const AFTER: usize = 512;
    /// What it may have before them: a drive, its colon and backslashes, and the byte that it must not follow.
    const BEFORE: usize = 8;

    fn new(forms: &[Form]) -> Self {
        let letters = forms.iter().flat_map(|(_, letters, _)| *letters);
        Self {
            letters: searcher(letters),
            patterns: forms
                .iter()
                .flat_map(|(name, letters, form)| letters.iter().map(|_| (*name, regex(form))))
                .collect(),
        }
    }

    /// Where each matches and what to call it, in the order of their letters.
    fn places<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (Range<usize>, &'static str)> + 'a {
        self.letters.find_iter(bytes).filter_map(|letters| {
            let (name, pattern) = &self.patterns[letters.pattern()];
            let end = bytes.len().min(letters.end() + Self::AFTER);
            let found = pattern.find_at(&bytes[..end], letters.start().saturating_sub(Self::BEFORE))?;
            let covers = found.start() <= letters.start() && letters.end() <= found.end();
            covers.then(|| (found.range(), *name))
        })
    }
}

/// Credentials and personal folders in any file of the package and of the wheel.
pub fn findings(contents: &PackageContents) -> Vec<Finding> {
    let mut findings = Vec::new();
    every_file(contents, |path, bytes| {
        let tokens = TOKENS.places(bytes).map(|(found, name)| (found.start, name));
        let mut places: BTreeSet<(usize, &str)> = tokens.collect();
        if !is_program(path) {
            places.extend(assignments(bytes).map(|at| (at, "a secret that is assigned to a name")));
        }
        findings.extend(places.into_iter().map(|(at, what)| secret(path, at, what)));
        let folder = PERSONAL.places(bytes).find(|(found, _)| {
            !NOBODYS.contains(&&bytes[found.clone()])
                && (is_program(path) || !continues_a_word(bytes, found.start))
        });
        // The licences name the web pages and the machines of their authors.
        if let Some((found, what)) = folder.filter(|_| path != NOTICES) {
            findings.push(machine(path, found.start, what));
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
