//! Shows how a text differs from the one that was expected.

use similar::TextDiff;

/// Lines at each end of a long output that a failure shows.
const SHOWN_LINES: usize = 40;

/// A unified diff.
pub fn between(expected: &str, got: &str) -> String {
    let diff = TextDiff::from_lines(expected, got);
    diff.unified_diff()
        .context_radius(3)
        .header("expected", "got")
        .missing_newline_hint(true)
        .to_string()
}

/// The beginning and the end of a long output.
pub fn shortened(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= 2 * SHOWN_LINES {
        return text.trim_end().to_owned();
    }
    let left_out = lines.len() - 2 * SHOWN_LINES;
    let (head, tail) = (&lines[..SHOWN_LINES], &lines[lines.len() - SHOWN_LINES..]);
    format!(
        "{}\n[{left_out} lines left out]\n{}",
        head.join("\n"),
        tail.join("\n")
    )
}
