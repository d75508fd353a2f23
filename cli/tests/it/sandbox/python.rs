//! A real runtime for the tests of this binary: installed once, shared, its daemon stopped with the last user.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;
use ktx_fixtures::needs::skip;
use ktx_fixtures::payload;

use super::Sandbox;

const NO_UV: &str = "no uv: run `cargo xtask install-tools`";

/// The installed runtime. Each holder may have a daemon running; dropping the last one stops it.
pub struct SharedPython {
    root: PathBuf,
    uv: PathBuf,
}

/// A runtime that the tests of this binary share.
struct Slot {
    folder: &'static str,
    install: &'static [&'static str],
    shared: Mutex<Weak<SharedPython>>,
    installed: OnceLock<()>,
}

static CORE: Slot = Slot {
    folder: "ktx-it-runtime",
    install: &["install", "--yes"],
    shared: Mutex::new(Weak::new()),
    installed: OnceLock::new(),
};

static DRIVERS: Slot = Slot {
    folder: "ktx-it-drivers",
    install: &[
        "install",
        "--yes",
        "--feature",
        "duckdb",
        "--feature",
        "mysql",
        "--feature",
        "clickhouse",
    ],
    shared: Mutex::new(Weak::new()),
    installed: OnceLock::new(),
};

/// The shared runtime, or None after saying why the test is skipped. `KTX_TEST_NO_SKIP=1` makes that a failure.
pub fn shared() -> Option<Arc<SharedPython>> {
    CORE.shared()
}

/// The same with the features of all drivers.
pub fn with_drivers() -> Option<Arc<SharedPython>> {
    DRIVERS.shared()
}

impl Slot {
    fn shared(&self) -> Option<Arc<SharedPython>> {
        let Some(uv) = payload::uv() else {
            skip(NO_UV);
            return None;
        };
        let mut slot = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = slot.upgrade() {
            return Some(shared);
        }
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.folder);
        let shared = Arc::new(SharedPython { root, uv });
        self.installed.get_or_init(|| shared.install(self.install));
        *slot = Arc::downgrade(&shared);
        Some(shared)
    }
}

impl SharedPython {
    /// With the caller's environment, since uv may need proxies and caches; what is there already is reused.
    fn install(&self, arguments: &[&str]) {
        self.command(arguments).assert().success();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = cargo_bin_cmd!("ktx");
        command
            .arg("runtime")
            .args(arguments)
            .env("KTX_RUNTIME_ROOT", &self.root)
            .env("KTX_ASSET_DIR", payload::assets())
            .env("KTX_UV", &self.uv);
        command
    }

    /// A sandbox whose commands use this runtime.
    pub fn sandbox(&self, sandbox: Sandbox) -> Sandbox {
        let text = |path: &Path| path.display().to_string();
        sandbox
            .variable("KTX_RUNTIME_ROOT", text(&self.root))
            .variable("KTX_ASSET_DIR", text(payload::assets()))
            .variable("KTX_UV", text(&self.uv))
    }
}

impl Drop for SharedPython {
    fn drop(&mut self) {
        let _ = self.command(&["stop"]).output();
    }
}

/// A sandbox without its own runtime, that could install one: for the texts of installing.
pub fn installable(sandbox: Sandbox) -> Option<Sandbox> {
    let Some(uv) = payload::uv() else {
        skip(NO_UV);
        return None;
    };
    let root = sandbox.root().join("runtime");
    let shared = SharedPython { root, uv };
    let sandbox = shared.sandbox(sandbox);
    std::mem::forget(shared);
    Some(with_index(sandbox))
}

/// The sandbox with what uv may need to reach an index from here; its cache makes the second installation quick.
pub fn with_index(sandbox: Sandbox) -> Sandbox {
    let reaches = |name: &str| {
        name.starts_with("UV_") || name.starts_with("SSL_CERT_") || name.to_uppercase().ends_with("_PROXY")
    };
    let sandbox = std::env::vars()
        .filter(|(name, _)| reaches(name))
        .fold(sandbox, |sandbox, (name, value)| sandbox.variable(&name, value));
    let cache = std::env::var_os("UV_CACHE_DIR").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/uv"));
    match cache.or(home) {
        Some(cache) => sandbox.variable("UV_CACHE_DIR", cache.display().to_string()),
        None => sandbox,
    }
}
