//! The environment uv and the new Python run in: stated, not inherited.

use std::path::Path;
use std::process::Command;

use super::settings::UserSettings;
use crate::Environment;

/// What every program needs; [`UserSettings`] come on top.
const PASSED: [&str; 21] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "LANG",
    "LC_ALL",
    "TZ",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PATHEXT",
    "COMSPEC",
    "RUST_LOG",
];

/// Gives a command this environment and a private working directory. No configuration is read: neither the user's nor
/// that of a project around the directory. Files are copied from uv's cache (reflinked where the file system can): what
/// is changed in one place does not change in the other.
pub fn apply(command: &mut Command, environment: &Environment, settings: &UserSettings, work: &Path) {
    let needed = environment
        .variables()
        .filter(|(name, _)| PASSED.iter().any(|passed| name == passed));
    command
        .env_clear()
        .envs(needed)
        .envs(settings.variables())
        .current_dir(work)
        .env("NO_COLOR", "1")
        .env("UV_NO_PROGRESS", "1")
        .env("UV_NO_CONFIG", "1")
        .env("UV_LINK_MODE", "copy")
        .env("PWD", work);
}
