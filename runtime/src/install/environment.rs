//! The environment uv runs in: stated, not inherited.
//!
//! The user's network, index, certificate and cache settings pass. What would change *what* is installed, or where to,
//! does not: another environment, constraints, configuration files of a project.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::Environment;

/// Where a user's own settings lie, and what every program needs.
const PASSED: [&str; 24] = [
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
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_DIRS",
    "NETRC",
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

/// Beginnings of names; `UV_LINK_MODE` is none of them, since links into uv's cache would break with it. Proxies and
/// certificates are in [`is_network_setting`].
const PASSED_UV: [&str; 25] = [
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_CACHE_DIR",
    "UV_NO_CACHE",
    "UV_CONFIG_FILE",
    "UV_CONCURRENT",
    "UV_CREDENTIALS_DIR",
    "UV_HTTP",
    "UV_REQUEST_TIMEOUT",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_LOCK_TIMEOUT",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_NO_CONFIG",
    "UV_OFFLINE",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
    "UV_PYTHON_",
    "UV_TORCH_BACKEND",
    "UV_STACK_SIZE",
    "UV_UPLOAD_HTTP_TIMEOUT",
];

/// Gives a command this environment and a private working directory. A `uv.toml` there, empty, ends uv's search for the
/// configuration of a project that the user happens to stand in; the user's own configuration is still read.
pub fn apply(command: &mut Command, environment: &Environment, work: &Path) {
    command.env_clear().envs(passed(environment)).current_dir(work);
    command
        .env("NO_COLOR", "1")
        .env("UV_NO_PROGRESS", "1")
        .env("PWD", work);
}

/// The file that [`apply`] relies on.
pub fn prepare_work(work: &Path) -> std::io::Result<()> {
    fs_err::write(work.join("uv.toml"), "")
}

/// Proxy and certificate settings, which `doctor` shows too.
pub fn is_network_setting(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let certificates = ["SSL_CLIENT_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
    upper.ends_with("_PROXY") || upper.starts_with("SSL_CERT_") || certificates.contains(&upper.as_str())
}

fn passed(environment: &Environment) -> Vec<(OsString, OsString)> {
    environment
        .variables()
        .filter(|(name, _)| name.to_str().is_some_and(is_passed))
        .map(|(name, value): (&OsStr, &OsStr)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn is_passed(name: &str) -> bool {
    PASSED.contains(&name)
        || is_network_setting(name)
        || (PASSED_UV.iter().any(|start| name.starts_with(start)) && !name.starts_with("UV_INDEX_STRATEGY"))
}

#[cfg(test)]
mod tests {
    use super::is_passed;

    #[test]
    fn settings_of_the_user_pass_and_what_steers_the_installation_does_not() {
        for name in [
            "PATH",
            "HOME",
            "HTTPS_PROXY",
            "https_proxy",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "UV_INDEX_URL",
            "UV_INDEX",
            "UV_INDEX_COMPANY_PASSWORD",
            "UV_DEFAULT_INDEX",
            "UV_CACHE_DIR",
            "UV_OFFLINE",
            "UV_PYTHON_DOWNLOADS",
            "UV_PYTHON_INSTALL_DIR",
            "UV_HTTP_TIMEOUT",
            "UV_CONFIG_FILE",
        ] {
            assert!(is_passed(name), "{name} was cleared");
        }
        for name in [
            "PYTHONPATH",
            "PYTHONHOME",
            "VIRTUAL_ENV",
            "CONDA_PREFIX",
            "PIP_INDEX_URL",
            "PIP_CONSTRAINT",
            "UV_PYTHON",
            "UV_CONSTRAINT",
            "UV_OVERRIDE",
            "UV_PROJECT",
            "UV_WORKING_DIR",
            "UV_NO_VERIFY_HASHES",
            "UV_SYSTEM_PYTHON",
            "UV_TARGET",
            "UV_EXCLUDE_NEWER",
            "UV_BREAK_SYSTEM_PACKAGES",
            "KTX_RUNTIME_ROOT",
            "LD_PRELOAD",
            "AWS_SECRET_ACCESS_KEY",
            "DATABASE_URL",
        ] {
            assert!(!is_passed(name), "{name} passed");
        }
    }
}
