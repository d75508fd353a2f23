//! A folder of pages that is written again: what the run before wrote, and this one does not, is removed. A list in the
//! folder says what was written; a page that was changed since is kept.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use ktx_project::files;
use serde::{Deserialize, Serialize};

use crate::Error;

const LIST: &str = ".ktx-docs.json";

/// The digest of each page, by its path below the folder.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    pages: BTreeMap<String, String>,
}

/// Writes the pages and removes those that are not written any more.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn replace(output: &Path, pages: &BTreeMap<String, String>) -> Result<(), Error> {
    let earlier = Written::read(output);
    let digest = |(path, text): (&String, &String)| (path.clone(), files::digest(text));
    let now: BTreeMap<String, String> = pages.iter().map(digest).collect();
    // First, so that a run that is killed leaves no page that no list has.
    let mut both = earlier.pages.clone();
    both.extend(now.clone());
    Written { pages: both }.write(output)?;
    for (path, text) in pages {
        files::write(&output.join(path), text.as_bytes())?;
    }
    for (path, digest) in &earlier.pages {
        if !now.contains_key(path) && is_below(path) {
            remove_unchanged(&output.join(path), digest)?;
        }
    }
    Written { pages: now }.write(output)
}

/// Anyone may have written the list.
fn is_below(path: &str) -> bool {
    Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}

fn remove_unchanged(file: &Path, digest: &str) -> Result<(), Error> {
    if fs_err::read(file).is_ok_and(|content| files::digest(content) == digest) {
        files::remove(file)?;
    }
    Ok(())
}

impl Written {
    /// Without a list that can be read, nothing was written.
    fn read(output: &Path) -> Self {
        fs_err::read(output.join(LIST))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    fn write(&self, output: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::refused(format!("failed to write the list of pages: {error}")))?;
        files::write(&output.join(LIST), text.as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{LIST, replace};

    #[test]
    fn pages_that_are_not_written_again_go_unless_somebody_changed_them() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let outside = dir.path().join("outside.html");
        let output = dir.path().join("docs");
        let pages = |names: &[&str]| -> BTreeMap<String, String> {
            names
                .iter()
                .map(|name| ((*name).to_owned(), format!("page {name}")))
                .collect()
        };
        let exists = |name: &str| output.join(name).exists();
        replace(
            &output,
            &pages(&["index.html", "sources/a.html", "sources/b.html"]),
        )
        .expect("writes");
        fs_err::write(output.join("sources/b.html"), "changed").expect("writes");
        fs_err::write(output.join("sources/mine.html"), "mine").expect("writes");
        replace(&output, &pages(&["index.html", "sources/c.html"])).expect("writes");
        assert!(!exists("sources/a.html"));
        for kept in [
            "index.html",
            "sources/b.html",
            "sources/mine.html",
            "sources/c.html",
        ] {
            assert!(exists(kept), "{kept}");
        }
        // A list that names a file outside of the folder, with its digest, removes nothing there.
        fs_err::write(&outside, "x").expect("writes");
        let digest = ktx_project::files::digest("x");
        for hostile in [
            "../outside.html",
            &outside.display().to_string(),
            "./../outside.html",
        ] {
            let list = serde_json::json!({"pages": {hostile: digest}}).to_string();
            fs_err::write(output.join(LIST), list).expect("writes");
            replace(&output, &pages(&["index.html"])).expect("writes");
            assert!(outside.exists(), "{hostile}");
        }
        // One that cannot be read says nothing.
        fs_err::write(output.join(LIST), "{").expect("writes");
        replace(&output, &pages(&["other.html"])).expect("writes");
        assert!(exists("index.html") && exists("other.html"));
    }
}
