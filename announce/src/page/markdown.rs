//! The page in Markdown, for the summary of a job.

use std::fmt::Write as _;

use ktx_names::NPM_PACKAGE;

use super::proof::cell;
use crate::facts::Release;

impl Release {
    /// The same facts as on the page.
    pub fn summary(&self) -> String {
        let state = if self.readiness.ready {
            "ready"
        } else {
            "not ready"
        };
        let mut text = format!("## {NPM_PACKAGE} {}: {state}\n\n", self.version);
        text.push_str("| gate | | missing |\n| --- | --- | --- |\n");
        for gate in &self.readiness.gates {
            let state = match gate.is_open() {
                true => gate.state.words().to_owned(),
                false => format!("**{}**", gate.state.words()),
            };
            let mut missing: Vec<String> = gate.missing().iter().map(|line| escaped(line)).collect();
            missing.extend(gate.command.as_ref().map(|command| format!("`{command}`")));
            line(
                &mut text,
                &format!("| {} | {state} | {} |", gate.name.name(), missing.join("<br>")),
            );
        }
        if let Some(publish) = &self.readiness.npm_publish {
            let registry = publish.registry.as_deref().unwrap_or("npm's own registry");
            line(
                &mut text,
                &format!(
                    "\nPublishes {}@{} under `{}` to {registry}.",
                    publish.package_name, publish.version, publish.tag
                ),
            );
        }
        if let Some(comparison) = &self.comparison {
            text.push_str("\n<details><summary>Changes</summary>\n\n");
            for change in comparison.lines() {
                line(&mut text, &format!("- {}", escaped(&change)));
            }
            text.push_str("\n</details>\n");
        }
        self.matrix_in_markdown(&mut text);
        let facts = self.facts();
        if !facts.is_empty() {
            line(&mut text, "");
            text.push_str(&facts);
        }
        text
    }

    fn matrix_in_markdown(&self, text: &mut String) {
        if self.smoke.is_empty() {
            return;
        }
        let columns = self.columns();
        let heads: Vec<String> = columns.iter().map(ToString::to_string).collect();
        line(text, &format!("\n| scenario | {} |", heads.join(" | ")));
        line(text, &format!("| --- |{}", " ---: |".repeat(columns.len())));
        for name in self.scenarios() {
            let cells: Vec<String> = columns
                .iter()
                .map(|platform| cell(self.smoke.get(platform), name).text)
                .collect();
            line(text, &format!("| {} | {} |", escaped(name), cells.join(" | ")));
        }
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// Text that stays one cell and one line, and is not markup.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}
