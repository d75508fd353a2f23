//! The text of an error says what happened. What to do about it is apart, in its hint, so that each front end can show
//! it in its own way; and what an error is, its type says, not its text.

use regex::Regex;

use crate::tidy::{assert_none, sources, text};

/// Texts that programs rely on word for word. They name their command themselves.
const FIXED: [&str; 9] = [
    "Choose only one runtime install mode: --yes or --no-input",
    "KTX Python runtime installation was cancelled. Run: {command}",
    "KTX Python runtime is required for this command. Run: {command}",
    "Missing bundled Python runtime manifest: {}",
    "Missing setup choice: pass --new or --yes",
    "No existing KTX project found at {dir}. Pass --new to create it.",
    "No local ingest reports were found. Run `ktx ingest --all` first.",
    "ktx setup demo reset is destructive; pass --force to recreate {dir}",
    "Refusing to prune without --yes. Preview with: ktx runtime prune --dry-run",
];

/// Where a text of an error is written: its definition, or a constructor whose first text is the message.
const MESSAGES: &str = r#"(?s)(?:#\[error\(|Failure::new\([^,()]*,|\brefused\(|\bhinted\(|bail!\(|anyhow!\(|Usage\(|message:)\s*(?:format!\()?\s*"((?:[^"\\]|\\.)*)""#;

/// What advice looks like: a word for it, a command line, or an imperative in a second part.
const ADVICE: &str = r"\bhints?\b|\bRun: |\brun: (?:ktx|cargo|npm)|\b[Rr]un (?:`(?:ktx|cargo|npm)|the same|it\b|again)|cargo xtask [a-z]|\bktx (?:runtime|setup|ingest|dev|sl) [a-z-]+ --|\b[Rr]etry\b|\b[Tt]ry\b|[.;:] ?(?:[Aa]dd|[Uu]se|[Pp]ass|[Mm]ove|[Mm]ake|[Cc]hoose|[Ww]rite|[Cc]heck|[Ff]ix|[Ii]nstall|[Rr]emove|[Ss]et) ";

/// A decision that reads the text of an error.
const DECISION: &str = r#"\b(?:error|cause|message|detail|reason|failure)(?:\.to_string\(\))?(?:\.to_ascii_lowercase\(\))?\.(?:contains|starts_with|ends_with)\("#;

/// What is decided by the beginning of what another program printed.
const PRINTED: &str = r#"message.starts_with("Traceback (most recent call last)")"#;

#[test]
fn no_text_of_an_error_says_what_to_do() {
    let offenders = each_file(|code| {
        let fixed = |message: &str| FIXED.iter().any(|fixed| message.starts_with(fixed));
        let mut found = advice_in(code);
        found.retain(|message| !fixed(message));
        found
    });
    assert_none("errors whose text is a hint, too", offenders);
}

#[test]
fn nothing_is_decided_by_the_text_of_an_error() {
    assert_none("decisions by the text of an error", each_file(decisions_in));
}

#[test]
fn advice_and_decisions_are_recognised() {
    for advice in [
        r#"#[error("failed to read `{0}`. Set HOME")]"#,
        r#"#[error("interrupted; run the same command again")]"#,
        "#[error(\n    \"{detail}. Run: {command}\"\n)]",
        r#"Failure::new(Exit::Failed, format!("{name} failed; run it by hand"))"#,
        r#"Error::refused("no sources; try `ktx sl list --json`")"#,
        r#"bail!("failed to find zig; install it")"#,
    ] {
        assert_eq!(advice_in(advice).len(), 1, "{advice}");
    }
    for message in [
        r#"#[error("failed to run `{program}`: {reason}")]"#,
        r#"Failure::new(Exit::Usage, "--binary names the platform twice").hint("retry with one")"#,
    ] {
        assert_eq!(advice_in(message), [""; 0], "{message}");
    }
    for decision in [
        r#"Self::State { cause, .. } if cause.contains("disk is full") => {}"#,
        r#"if error.to_string().ends_with("locked") {}"#,
        r#"detail.to_ascii_lowercase().contains("refused")"#,
    ] {
        assert_eq!(decisions_in(decision).len(), 1, "{decision}");
    }
}

fn advice_in(code: &str) -> Vec<String> {
    let advice = Regex::new(ADVICE).expect("a pattern");
    let messages = Regex::new(MESSAGES).expect("a pattern");
    let texts = messages.captures_iter(code).map(|found| found[1].to_owned());
    texts.filter(|text| advice.is_match(text)).collect()
}

fn decisions_in(code: &str) -> Vec<String> {
    let decision = Regex::new(DECISION).expect("a pattern");
    let lines = code.lines().filter(|line| !line.contains(PRINTED));
    lines
        .filter(|line| decision.is_match(line))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// What a rule finds in the sources, without their tests, with the file of each.
fn each_file(rule: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let files = sources(&[".rs"])
        .into_iter()
        .filter(|file| file.contains("/src/"));
    files
        .flat_map(|file| {
            let code = text(&file);
            let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let found = rule(code);
            found.into_iter().map(move |found| format!("{file}: {found}"))
        })
        .collect()
}
