//! The part of the page about what changes for the people who install it.

use std::collections::BTreeMap;

use ktx_inspect::{Changes, Comparison, FileChanges, ModeChange, bytes, growth};
use maud::{Markup, html};

use crate::facts::Release;
use crate::notes::pins;

/// Files beyond these are counted, not listed: the page stays readable, and under its limit of size.
const LISTED: usize = 200;

impl Release {
    pub(super) fn comparison_section(&self) -> Markup {
        html! {
            section aria-labelledby="changes" {
                h2 #changes { "Changes" }
                @match &self.comparison {
                    None => p { "Not compared with the last version: " code { "cargo xtask diff" } },
                    Some(comparison) => (compared(comparison)),
                }
            }
        }
    }
}

fn compared(comparison: &Comparison) -> Markup {
    let (Some(against), Some(changes)) = (&comparison.against, &comparison.changes) else {
        return html! { p { (comparison.registry) " has nothing to compare with: this is the first version." } };
    };
    let candidate = &comparison.candidate;
    html! {
        p { "Beside " (against.version) " on " (comparison.registry) "." }
        h3 { "Sizes" }
        (pairs(&[
            ("tarball".to_owned(), against.bytes, candidate.bytes),
            ("unpacked".to_owned(), against.unpacked_bytes, candidate.unpacked_bytes),
        ]))
        @if !changes.programs.is_empty() {
            h3 { "Programs" }
            (pairs(&programs(changes)))
        }
        @if comparison.history.iter().any(|published| published.unpacked_bytes.is_some()) {
            h3 { "Unpacked size over the last versions" }
            (history(comparison))
        }
        h3 { "Dependencies" }
        (dependencies(changes))
        (hosts(changes))
        h3 { "Files" }
        (files("package", &changes.package))
        (files("wheel", &changes.wheel))
    }
}

fn programs(changes: &Changes) -> Vec<(String, u64, u64)> {
    let sizes = changes.programs.iter();
    sizes
        .map(|program| {
            (
                program.platform.to_string(),
                program.before.unwrap_or(0),
                program.after.unwrap_or(0),
            )
        })
        .collect()
}

/// Before and after, as bars of one scale.
fn pairs(rows: &[(String, u64, u64)]) -> Markup {
    let most = rows
        .iter()
        .map(|(_, before, after)| *before.max(after))
        .max()
        .unwrap_or(0);
    html! {
        ul.bars { @for (name, before, after) in rows {
            (bar(&format!("{name}, before"), *before, most, "fill before", &bytes(*before)))
            (bar(name, *after, most, "fill", &format!("{} ({})", bytes(*after), growth(*before, *after))))
        } }
    }
}

fn history(comparison: &Comparison) -> Markup {
    let published = comparison
        .history
        .iter()
        .filter(|entry| entry.version != comparison.candidate.version);
    let mut rows: Vec<(&str, u64)> = published
        .filter_map(|entry| Some((entry.version.as_str(), entry.unpacked_bytes?)))
        .collect();
    rows.push((&comparison.candidate.version, comparison.candidate.unpacked_bytes));
    let most = rows.iter().map(|(_, size)| *size).max().unwrap_or(0);
    html! { ul.bars { @for (version, size) in rows { (bar(version, size, most, "fill", &bytes(size))) } } }
}

#[expect(clippy::cast_precision_loss, reason = "a width in percent with one decimal")]
fn bar(name: &str, value: u64, most: u64, class: &str, text: &str) -> Markup {
    let percent = if most == 0 {
        0.0
    } else {
        value as f64 / most as f64 * 100.0
    };
    html! {
        li {
            span { (name) }
            span.track aria-hidden="true" { span class=(class) style=(format!("width:{percent:.1}%")) {} }
            span.number { (text) }
        }
    }
}

fn dependencies(changes: &Changes) -> Markup {
    html! {
        @if changes.locks.is_empty() && changes.package_json.is_empty() {
            p.quiet { "None changed." }
        }
        ul {
            @for (lock, changes) in &changes.locks {
                @for change in pins(changes) { li { code { (lock) } ": " (change) } }
            }
            @for change in &changes.package_json {
                li.warn {
                    code { "package.json " (change.key) } ": "
                    (value(change.before.as_ref())) " is now " (value(change.after.as_ref()))
                }
            }
        }
    }
}

fn value(value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}

fn hosts(changes: &Changes) -> Markup {
    html! {
        @if !changes.hosts.added.is_empty() {
            h3 { "New hosts" }
            ul { @for (host, paths) in &changes.hosts.added {
                li { span.warn { (host) } " in " (paths.iter().cloned().collect::<Vec<_>>().join(", ")) }
            } }
        }
    }
}

fn files(name: &str, changes: &FileChanges) -> Markup {
    let sized = |mark: &'static str, files: &BTreeMap<String, u64>| -> Vec<String> {
        files
            .iter()
            .map(|(path, size)| format!("{mark} {path}, {}", bytes(*size)))
            .collect()
    };
    let mut lines: Vec<String> = changes
        .modes
        .iter()
        .map(|(path, mode)| match mode {
            ModeChange::BecameExecutable => format!("! {path} became executable"),
            ModeChange::NoLongerExecutable => format!("! {path} is no longer executable"),
        })
        .collect();
    lines.extend(sized("+", &changes.added));
    lines.extend(sized("-", &changes.removed));
    lines.extend(
        changes
            .changed
            .iter()
            .map(|(path, sizes)| format!("~ {path}, {} is now {}", bytes(sizes.before), bytes(sizes.after))),
    );
    let more = lines.len().saturating_sub(LISTED);
    html! {
        @if lines.is_empty() {
            p.quiet { "No file of the " (name) " changed." }
        } @else {
            p { (lines.len()) " files of the " (name) ":" }
            ul { @for line in lines.iter().take(LISTED) { li { code { (line) } } } }
            @if more > 0 { p.quiet { "and " (more) " more, in diff.json" } }
        }
    }
}
