//! The documents for contributors say what is there.

use std::collections::BTreeSet;

use crate::tidy::{assert_none, root, sources, text};

/// A file or folder between backquotes: in full, or as the end of a path whose beginning was just named.
#[test]
fn files_that_the_documents_name_exist() {
    let files = sources(&[".rs", ".py", ".toml", ".json", ".txt"]);
    let mut offenders = BTreeSet::new();
    for document in ["CONTRIBUTING.md", "docs/ARCHITECTURE.md"] {
        for name in text(document)
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| is_path(name))
        {
            let is_end = |file: &String| file.ends_with(&format!("/{name}"));
            if !root().join(name).exists() && !files.iter().any(is_end) {
                offenders.insert(format!("{document}: {name}"));
            }
        }
    }
    assert_none("files that are not there", offenders.into_iter().collect());
}

/// Whether it is a path in the repository: no pattern, no placeholder, nothing that a build makes.
fn is_path(name: &str) -> bool {
    let plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    let is_file = [".rs", ".py"].iter().any(|ending| name.ends_with(ending));
    let made = ["dist/", "target/"].iter().any(|folder| name.starts_with(folder));
    plain && !made && (is_file || name.ends_with('/'))
}

#[test]
fn a_path_is_told_from_other_words() {
    for (name, expected) in [
        ("xtask/src/build.rs", true),
        ("package/rules/mod.rs", true),
        ("python/", true),
        ("xtask/src/<command>.rs", false),
        ("cli/src/commands/serve/*_tools.rs", false),
        ("dist/package/", false),
        ("cargo xtask build", false),
        ("tidy_crates", false),
    ] {
        assert_eq!(is_path(name), expected, "{name}");
    }
}
