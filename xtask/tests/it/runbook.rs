//! `docs/RELEASING.md`, followed from the first publication to a bad release: every transcript in it is what the
//! commands print.
//!
//! In the document a line `…` stands for any number of lines, and a line that ends in ` …` for one that begins so.

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
