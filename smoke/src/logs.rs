//! Finds the logs that may explain why a scenario failed.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::failure::Log;
use crate::redaction::Redaction;
use crate::sandbox::Folders;

/// Lines of each log that a failure shows.
const TAIL_LINES: usize = 30;

/// The ends of the install log, the daemon's logs and npm's debug log, as far as there are any.
pub fn of(folders: &Folders, redaction: &Redaction) -> Vec<Log> {
    let mut paths = Vec::new();
    for version in entries(&folders.runtime_root()) {
        for name in ["install.log", "daemon.stdout.log", "daemon.stderr.log"] {
            paths.push(version.join(name));
        }
    }
    paths.extend(entries(&folders.at("npm-cache/_logs")).pop());
    paths
        .iter()
        .filter_map(|path| {
            let text = fs::read(path).ok().filter(|bytes| !bytes.is_empty())?;
            let text = redaction.apply(&String::from_utf8_lossy(&text));
            let lines: Vec<&str> = text.lines().collect();
            Some(Log {
                path: redaction.apply(path.as_str()),
                tail: lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"),
            })
        })
        .collect()
}

fn entries(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = folder.read_dir_utf8() else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path().to_owned()).collect();
    paths.sort();
    paths
}
