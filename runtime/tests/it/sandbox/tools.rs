//! Where the real tools and the real payload are. A missing one fails the test with the command that provides it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ktx_fixtures::payload;

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the workspace")
}

/// The version of the payload, as its wheel has it.
pub fn package_version() -> String {
    let manifest = fs_err::read(payload::assets().join("manifest.json")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    manifest["version"].as_str().expect("a version").to_owned()
}

/// The real uv.
pub fn uv() -> PathBuf {
    payload::uv().unwrap_or_else(|| panic!("no uv: run `cargo xtask install-tools`"))
}

/// One cache for all tests: what is downloaded once is there for the next run.
pub fn uv_cache() -> PathBuf {
    workspace().join("target/test-cache/uv")
}

/// The programs that a runtime needs to find: pythons, and a system's own.
pub fn search_path() -> OsString {
    let mut directories: Vec<PathBuf> = super::super::pythons::interpreters()
        .iter()
        .filter_map(|python| python.parent().map(Path::to_owned))
        .collect();
    directories.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from));
    std::env::join_paths(directories).expect("a search path")
}

/// How this machine reaches its package index.
pub fn network_settings() -> BTreeMap<OsString, OsString> {
    const NAMES: [&str; 9] = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "UV_DEFAULT_INDEX",
    ];
    NAMES
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
        .collect()
}
