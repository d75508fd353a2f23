//! What the runtime asks of Python under a path and a subcommand is an endpoint of that path and command: both sides are
//! compared here in a moment, without a runtime.

use std::collections::BTreeSet;

use crate::tidy::{sources, text};

/// The pairs of two string fields, in the order in which a text has them.
fn pairs(text: &str, path: &str, command: &str) -> BTreeSet<(String, String)> {
    let value = |line: &str, key: &str| {
        let value = line.trim().strip_prefix(key)?.trim_start_matches([':', '=', ' ']);
        Some(value.strip_prefix('"')?.split('"').next()?.to_owned())
    };
    let lines: Vec<&str> = text.lines().collect();
    let neighbours = lines.windows(2);
    neighbours
        .filter_map(|two| Some((value(two[0], path)?, value(two[1], command)?)))
        .collect()
}

#[test]
fn the_runtime_asks_for_endpoints_that_python_has() {
    let offered = pairs(&text("python/ktx_daemon/endpoints.py"), "path", "command");
    let ports = sources(&[".rs"])
        .into_iter()
        .filter(|file| file.starts_with("runtime/src/ports/"));
    let asked: BTreeSet<_> = ports
        .flat_map(|file| pairs(&text(&file), "path", "subcommand"))
        .collect();
    assert!(asked.len() > 5 && offered.len() > 5, "{asked:?} {offered:?}");
    let missing: Vec<_> = asked.difference(&offered).collect();
    assert!(
        missing.is_empty(),
        "python/ktx_daemon/endpoints.py lacks {missing:?}"
    );
}
