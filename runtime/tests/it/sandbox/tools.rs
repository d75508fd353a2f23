//! Where the real tools and the real payload are. A missing one fails the test with the command that provides it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
}

/// The asset directory of the payload: `KTX_TEST_ASSETS`, else what `cargo xtask build` left.
pub fn assets() -> PathBuf {
    let assets = std::env::var_os("KTX_TEST_ASSETS")
        .map_or_else(|| workspace().join("dist/package/assets/python"), PathBuf::from);
    assert!(
        assets.join("manifest.json").is_file(),
        "no payload at `{}`: run `cargo xtask test`, or `cargo xtask build` first",
        assets.display()
    );
    assets
}

/// The version of the payload, as its wheel has it.
pub fn package_version() -> String {
    let manifest = fs_err::read(assets().join("manifest.json")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    manifest["version"].as_str().expect("a version").to_owned()
}

/// The real uv: `KTX_TEST_UV`, else the one that `cargo xtask` provides, else the one on `PATH`.
pub fn uv() -> PathBuf {
    let provided = || {
        let tools = fs_err::read_dir(workspace().join("target/tools")).ok()?;
        let mut found: Vec<PathBuf> = tools
            .filter_map(|entry| Some(entry.ok()?.path().join("bin/uv")))
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        found.pop()
    };
    let on_path = || {
        std::env::split_paths(&std::env::var_os("PATH")?)
            .map(|dir| dir.join("uv"))
            .find(|uv| uv.is_file())
    };
    std::env::var_os("KTX_TEST_UV")
        .map(PathBuf::from)
        .or_else(provided)
        .or_else(on_path)
        .unwrap_or_else(|| panic!("no uv: run `cargo xtask test`, or put uv on PATH"))
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
