//! `docs/RELEASING.md`, followed from the first publication to a bad release: every transcript in it is what the
//! commands print.
//!
//! In the document a line `…` stands for any number of lines, and a line that ends in ` …` for one that begins so.

use std::collections::BTreeSet;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use ktx_fixtures::github::{Github, TOKEN};

use crate::releaser::Releaser;
use crate::tidy::{sources, text};

/// A command of the document and what it prints there.
struct Shown {
    command: String,
    lines: Vec<String>,
}

/// The transcripts, block by block.
fn blocks() -> Vec<Vec<Shown>> {
    let document = text("docs/RELEASING.md");
    let console = document.split("```console\n").skip(1);
    console
        .map(|rest| {
            let (block, _) = rest.split_once("```").expect("a block ends");
            let mut shown: Vec<Shown> = Vec::new();
            for line in block.trim_end().lines().map(str::trim_start) {
                match (line.strip_prefix("$ "), shown.last_mut()) {
                    (Some(command), _) => shown.push(Shown {
                        command: command.to_owned(),
                        lines: Vec::new(),
                    }),
                    (None, Some(last)) => last.lines.push(line.to_owned()),
                    (None, None) => panic!("a block begins with a command: {line}"),
                }
            }
            shown
        })
        .collect()
}

/// What the command prints, stdout and stderr as they come.
fn printed(releaser: &Releaser, github: &Github, command: &str) -> Vec<String> {
    let words = command
        .strip_prefix("cargo xtask ")
        .expect("a command of the toolchain");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("\"$XTASK\" {words} 2>&1")])
        .current_dir(releaser.checkout.path(""))
        .env_clear()
        .envs(releaser.checkout.environment());
    let output = shell
        .env("XTASK", cargo_bin!("xtask"))
        .env("GITHUB_API_URL", github.url())
        .env("GITHUB_TOKEN", TOKEN)
        .output()
        .expect("sh runs");
    let text = String::from_utf8(output.stdout).expect("it says text");
    let text = text.replace(releaser.registry.url().as_str(), "https://registry.example/");
    let root = format!(
        "{}/",
        releaser
            .checkout
            .path("")
            .display()
            .to_string()
            .trim_end_matches('/')
    );
    text.replace(&root, "")
        .lines()
        .map(|line| line.trim_start().to_owned())
        .collect()
}

fn fits(shown: &[String], printed: &[String]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return printed.is_empty();
    };
    if first == "…" {
        return (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]));
    }
    let Some((line, others)) = printed.split_first() else {
        return false;
    };
    let is_line = match first.strip_suffix('…') {
        Some(start) => line.starts_with(start),
        None => line == first,
    };
    is_line && fits(rest, others)
}

#[test]
fn every_failure_of_the_runbook_is_a_text_of_the_code() {
    let document = text("docs/RELEASING.md");
    let (_, table) = document
        .split_once("| what you see | what it means |")
        .expect("the table is there");
    let rows: Vec<&str> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 10, "{rows:?}");
    // Placeholders, quotes and line breaks of the code are not in the document.
    let plain = |text: &str| {
        let text = text.replace("\\\n", " ").replace(['`', '[', ']'], "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let files = sources(&[".rs"])
        .into_iter()
        .filter(|path| path.contains("/src/"));
    let code: Vec<String> = files.map(|path| plain(&text(&path))).collect();
    let seen = rows
        .iter()
        .filter_map(|row| row.split('|').nth(1)?.split('`').nth(1));
    for fragment in seen.flat_map(|message| message.split('…')).map(plain) {
        assert!(
            fragment.is_empty() || code.iter().any(|code| code.contains(&fragment)),
            "no code has `{fragment}`"
        );
    }
}

/// The words between backquotes in the first cells of the table that begins with `heading`.
fn first_cells(document: &str, heading: &str) -> BTreeSet<String> {
    let (_, table) = document.split_once(heading).expect("the table is there");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_code_of_the_guard_has_its_row_and_every_row_a_code() {
    let source = text("policy/src/guard/refusal.rs");
    let (_, body) = source.split_once("pub enum RefusalCode {").expect("the codes");
    let (body, _) = body.split_once('}').expect("their end");
    let variants = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    let kebab = |name: &str| {
        name.split_inclusive(|_: char| true)
            .fold(String::new(), |mut all, letter| {
                if letter.starts_with(char::is_uppercase) && !all.is_empty() {
                    all.push('-');
                }
                all + &letter.to_lowercase()
            })
    };
    let codes: BTreeSet<String> = variants.map(kebab).collect();
    assert!(codes.len() > 30, "{codes:?}");
    assert_eq!(first_cells(&text("docs/RELEASING.md"), "| code | when |"), codes);
}

/// What is refused outside of the guard: the code, the words of the runbook's row, and the test with the refusal and its
/// twin, which passes without the fault.
const FORBIDDEN: [(&str, &str, &str); 5] = [
    (
        "branch-version",
        "which has no release page",
        "what_is_not_as_it_was_published_is_refused",
    ),
    (
        "not-published",
        "so there is nothing to announce",
        "what_is_not_as_it_was_published_is_refused",
    ),
    (
        "publish-config",
        "which would tell npm what to do",
        "a_package_that_tells_npm_where_to_go_is_refused",
    ),
    (
        "release-immutable",
        "is published and cannot be changed, but lacks",
        "what_is_not_as_it_was_published_is_refused",
    ),
    (
        "staged-elsewhere",
        "is staged under",
        "what_waits_under_another_tag_is_to_be_rejected",
    ),
];

#[test]
fn every_other_refusal_has_its_row_and_its_test() {
    let all = sources(&[".rs"]);
    let read = |part: &str| -> Vec<String> {
        let of_part = all.iter().filter(|path| path.contains(part));
        of_part.map(|path| text(path)).collect()
    };
    let mut codes = BTreeSet::new();
    for code in read("/src/").iter().filter(|code| code.contains("Forbidden {")) {
        let named = code
            .split("code: \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        codes.extend(named.map(str::to_owned));
    }
    let rows: BTreeSet<String> = FORBIDDEN.iter().map(|(code, ..)| (*code).to_owned()).collect();
    assert_eq!(rows, codes);
    let seen = first_cells(&text("docs/RELEASING.md"), "| what you see | what it means |");
    let tests = read("/tests/it/");
    for (code, words, test) in FORBIDDEN {
        assert!(seen.contains(words), "the runbook has no row for {code}");
        let start = format!("fn {test}()");
        let body = tests.iter().find_map(|code| code.split_once(&start));
        let (_, body) = body.unwrap_or_else(|| panic!("there is no test {test}"));
        let (body, _) = body.split_once("\n}\n").expect("a test ends");
        assert!(
            body.contains(words) || body.contains(code),
            "{test} does not meet {code}"
        );
    }
}

#[test]
fn an_ellipsis_stands_for_lines_and_ends_of_lines_only() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let printed = lines("one\ntwo three\nfour");
    for (shown, expected) in [
        ("one\ntwo three\nfour", true),
        ("one\n…\nfour", true),
        ("…\nfour", true),
        ("one\ntwo …\nfour", true),
        ("one\nfour", false),
        ("one\n…", true),
        ("one\ntwo three", false),
        ("…\nfive", false),
    ] {
        assert_eq!(fits(&lines(shown), &printed), expected, "{shown}");
    }
}

#[test]
#[cfg(unix)]
fn the_runbook_shows_what_the_commands_print() {
    let releaser = Releaser::new("0.1.0-rc.0");
    let origin = releaser.origin();
    let github = Github::start(origin.path());
    let mut blocks = blocks().into_iter();
    let mut next = |what: &str| {
        let block = blocks
            .next()
            .unwrap_or_else(|| panic!("the runbook shows {what}"));
        for Shown { command, lines } in block {
            let printed = printed(&releaser, &github, &command);
            assert!(
                fits(&lines, &printed),
                "docs/RELEASING.md, {what}\n$ {command}\n{}\n\nis shown as\n{}",
                printed.join("\n"),
                lines.join("\n")
            );
        }
    };
    releaser.build("0.1.0-rc.0");
    next("what blocks the first publication");
    releaser.prove();
    next("the first publication");
    next("the number of a candidate");
    releaser.build("0.1.0-rc.1");
    releaser.prove();
    next("a candidate");
    next("the number of a stable version");
    releaser.build("0.1.0");
    releaser.prove();
    next("a stable version, not yet proven from the registry");
    releaser.prove_published("0.1.0");
    next("its promotion");
    releaser.checkout.build(&["version", "set", "0.1.1"]);
    releaser.publish("0.1.1");
    releaser.prove_published("0.1.1");
    releaser
        .checkout
        .build(&["promote", "--from", "next", "--to", "latest", "--execute"]);
    next("a bad release and the way back");
    assert!(
        blocks.next().is_none(),
        "every transcript of the runbook is followed"
    );
}
