//! A root, a home and an environment for one test, and the tools that every test needs.

pub mod child;
pub mod fake_uv;
pub mod processes;
mod seed;
pub mod tools;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use ktx_fixtures::sample_assets::SampleAssets;
use ktx_runtime::{
    Environment, Feature, FeatureSet, InstallMode, InstallReport, InstallRequest, Interrupt, Runtime,
    StartMode, StartRequest, StatusKind,
};
use tempfile::TempDir;

/// The version of the program that the tests play; the payload's own is another matter.
pub const VERSION: &str = "0.1.0-rc.0";

/// Everything a test may touch lies below one directory, which goes when the test ends, and with it every process that
/// was started from there.
pub struct Sandbox {
    directory: TempDir,
    variables: BTreeMap<OsString, OsString>,
}

impl Sandbox {
    /// With the small sample payload: it installs in a moment, needs no network, and has no daemon.
    pub fn with_sample() -> Sandbox {
        let sandbox = Sandbox::empty();
        SampleAssets::default().write_to(&sandbox.assets());
        sandbox
    }

    /// With a sample payload whose lock has one requirement, with a digest that no file has.
    pub fn with_requirement(requirement: &str) -> Sandbox {
        let sandbox = Sandbox::empty();
        let lock = format!("{requirement} --hash=sha256:{}\n", "0".repeat(64));
        SampleAssets::with_core_lock(&lock).write_to(&sandbox.assets());
        sandbox
    }

    /// With the real payload, not installed.
    pub fn with_payload() -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.set("KTX_ASSET_DIR", ktx_fixtures::payload::assets())
    }

    /// With the real payload, installed: a copy of an installation that was made once.
    pub fn with_installed_payload() -> Sandbox {
        let sandbox = Sandbox::with_payload();
        seed::copy_to(&sandbox.root());
        assert_eq!(sandbox.runtime().status().kind, StatusKind::Ready);
        sandbox
    }

    fn empty() -> Sandbox {
        let directory = tempfile::Builder::new()
            .prefix("ktx-rt-")
            .tempdir()
            .expect("a directory");
        let path = |name: &str| directory.path().join(name).into_os_string();
        let mut variables: BTreeMap<OsString, OsString> = tools::network_settings();
        for (name, value) in [
            ("HOME", path("home")),
            ("TMPDIR", path("tmp")),
            ("PATH", tools::search_path()),
            ("KTX_UV", tools::uv().into_os_string()),
            ("KTX_RUNTIME_ROOT", path("runtimes")),
            ("KTX_ASSET_DIR", path("assets")),
            ("UV_CACHE_DIR", tools::uv_cache().into_os_string()),
        ] {
            variables.insert(name.into(), value);
        }
        for name in ["home", "tmp"] {
            fs_err::create_dir(directory.path().join(name)).expect("a directory");
        }
        Sandbox { directory, variables }
    }

    #[must_use]
    pub fn set(mut self, name: &str, value: impl AsRef<OsStr>) -> Sandbox {
        self.variables.insert(name.into(), value.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn unset(mut self, name: &str) -> Sandbox {
        self.variables.remove(OsStr::new(name));
        self
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn root(&self) -> PathBuf {
        PathBuf::from(&self.variables[OsStr::new("KTX_RUNTIME_ROOT")])
    }

    pub fn assets(&self) -> PathBuf {
        self.path().join("assets")
    }

    pub fn version_dir(&self) -> PathBuf {
        self.root().join(VERSION)
    }

    pub fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.variables
    }

    pub fn environment(&self) -> Environment {
        Environment::of_variables(self.variables.clone())
    }

    /// A separate handle, as another process would have.
    pub fn runtime(&self) -> Runtime {
        self.runtime_under(Interrupt::new())
    }

    pub fn runtime_under(&self, interrupt: Interrupt) -> Runtime {
        Runtime::new(self.environment(), VERSION, interrupt).expect("a root")
    }

    /// Installs what the sandbox has; a test that is about something else calls this.
    #[track_caller]
    pub fn install(&self) -> InstallReport {
        self.runtime()
            .install(&core(InstallMode::IfNeeded))
            .expect("the runtime installs")
    }

    /// The names directly under the root, sorted.
    pub fn root_entries(&self) -> Vec<String> {
        let mut names: Vec<String> = fs_err::read_dir(self.root())
            .expect("the root")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// A text with everything in it that differs between runs and machines replaced.
    pub fn redacted(&self, text: &str) -> String {
        let text = text
            .replace(&self.path().display().to_string(), "[SANDBOX]")
            .replace(&tools::uv().display().to_string(), "[UV]");
        let mut shown = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(".staging-0.1.0-rc.0-") {
            let end = at + ".staging-0.1.0-rc.0-".len();
            shown.push_str(&rest[..end]);
            shown.push_str("[RANDOM]");
            rest = &rest[end + 16..];
        }
        let text = shown + rest;
        text.lines()
            .map(|line| {
                if line.starts_with("Using CPython") {
                    "Using CPython [PYTHON]"
                } else {
                    line
                }
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Nothing is left of what was interrupted, and what is installed works.
    #[track_caller]
    pub fn assert_clean_and_ready(&self) {
        assert_eq!(
            self.runtime().status().kind,
            StatusKind::Ready,
            "{:?}",
            self.runtime().status()
        );
        assert_eq!(self.root_entries(), [".locks", VERSION]);
        self.assert_imports();
    }

    /// The installed interpreter imports the payload: what `ready` promises.
    #[track_caller]
    pub fn assert_imports(&self) {
        let python = self.runtime().layout().python_path.clone();
        let status = std::process::Command::new(&python)
            .args(["-I", "-c", "import ktx_daemon, semantic_layer"])
            .status()
            .expect("python runs");
        assert!(status.success(), "{} cannot import", python.display());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        processes::kill_all_under(self.path());
    }
}

pub fn core(mode: InstallMode) -> InstallRequest {
    InstallRequest {
        features: FeatureSet::from(Feature::Core),
        mode,
    }
}

pub fn start(mode: StartMode) -> StartRequest {
    StartRequest {
        features: FeatureSet::from(Feature::Core),
        mode,
    }
}

/// Waits until something is so; a minute is more than anything here takes on a busy machine.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(
            std::time::Instant::now() < deadline,
            "{what}: not within a minute"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
