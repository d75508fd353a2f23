//! Bundles: what was put into one on a machine with an index installs on a machine that has nothing, and nothing else
//! does.

mod interpreter;
mod refusals;

pub use self::interpreter::manage;

use std::process::Command;

use ktx_fixtures::bundle_inputs::{BundleInputs, UV_FILE};
use ktx_fixtures::sample_wheel::dependency;
use ktx_runtime::{
    BundleReport, BundleRequest, Error, Feature, FeatureSet, InstallMode, InstallOutcome, Platform,
    StatusKind,
};

use crate::pythons::{interpreters, version};
use crate::sandbox::{Sandbox, core, tools};

/// A machine with everything that a bundle is made of, and the version of Python that is there.
struct Bench {
    inputs: BundleInputs,
    python: String,
    connected: Sandbox,
}

impl Bench {
    fn new() -> Bench {
        let sandbox = Sandbox::with_sample();
        let inputs = BundleInputs::write_to(&sandbox.path().join("package"), &tools::uv());
        let newest = interpreters().pop().expect("a Python");
        let (major, minor) = version(&newest).expect("a version");
        Bench {
            python: format!("{major}.{minor}"),
            connected: connected(sandbox, &inputs),
            inputs,
        }
    }

    fn request(&self, platforms: &[Platform]) -> BundleRequest {
        BundleRequest {
            output: self.connected.path().join("out/runtime.bundle"),
            features: Feature::Core.into(),
            python: self.python.clone(),
            platforms: platforms.to_vec(),
        }
    }

    #[track_caller]
    fn create(&self) -> BundleReport {
        let request = self.request(&[Platform::LinuxX64, Platform::Win32X64]);
        self.connected
            .runtime()
            .create_bundle(&request)
            .expect("a bundle")
    }

    /// A machine with the same package and a Python, without uv, without an index that answers, with an empty cache.
    fn bare(&self) -> Sandbox {
        let sandbox = Sandbox::with_sample();
        let cache = sandbox.path().join("empty-cache");
        sandbox
            .set("KTX_ASSET_DIR", self.inputs.assets())
            .set("UV_CACHE_DIR", cache)
            .set("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
            .unset("KTX_UV")
    }
}

/// The machine with the package and the folder of wheels, and no uv of its own.
fn connected(sandbox: Sandbox, inputs: &BundleInputs) -> Sandbox {
    sandbox
        .set("KTX_ASSET_DIR", inputs.assets())
        .set("UV_FIND_LINKS", inputs.links())
        .set("UV_NO_INDEX", "1")
        .unset("KTX_UV")
}

#[test]
fn what_was_bundled_installs_on_a_machine_that_has_nothing() {
    let bench = Bench::new();
    let report = bench.create();
    assert_eq!(report.manifest.python, bench.python);
    let wheels = |platform| {
        let contents = &report.manifest.platforms[&platform];
        contents
            .wheels
            .iter()
            .map(|path| path.file_name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        wheels(Platform::LinuxX64),
        [
            "alpha-1.0-py3-none-any.whl",
            "beta_x-2.0-py3-none-manylinux2014_x86_64.whl"
        ]
    );
    assert_eq!(
        wheels(Platform::Win32X64),
        ["alpha-1.0-py3-none-any.whl", "beta_x-2.0-py3-none-win_amd64.whl"]
    );
    let names: Vec<_> = fs_err::read_dir(report.path.parent().expect("a folder"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["runtime.bundle"], "nothing unfinished is left");
    assert_eq!(
        bench.create().content,
        report.content,
        "the same content is the same bytes"
    );

    let sandbox = bench.bare();
    let verified = sandbox.runtime().verify_bundle(&report.path).expect("it is good");
    assert_eq!(verified.content, report.content);
    assert!(!sandbox.root().exists(), "verifying writes nothing");
    let installed = sandbox
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), &report.path)
        .expect("it installs");
    assert_eq!(installed.outcome, InstallOutcome::Installed);
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Ready);
    assert_eq!(sandbox.root_entries(), [".locks", super::sandbox::VERSION, "uv"]);
    let python = &sandbox.runtime().layout().python_path.clone();
    let imported = Command::new(python)
        .args(["-I", "-c", "import alpha, beta_x, ktx_daemon"])
        .status();
    assert!(imported.expect("it runs").success());
    assert_eq!(
        version(python).map(|(major, minor)| format!("{major}.{minor}")),
        Some(bench.python.clone())
    );
    assert!(
        !sandbox.path().join("empty-cache").exists(),
        "the user's cache is left alone"
    );
    assert!(!sandbox.version_dir().join("work").exists());
    let again = sandbox
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), &report.path);
    assert_eq!(again.expect("it is there").outcome, InstallOutcome::Reused);
    let forced = sandbox
        .runtime()
        .install_from(&core(InstallMode::Always), &report.path);
    assert_eq!(forced.expect("it installs").outcome, InstallOutcome::Installed);
}

#[test]
fn a_bundle_for_embeddings_installs_them_also_over_a_runtime_without() {
    let bench = Bench::new();
    let mut request = bench.request(&[]);
    let core_alone = bench
        .connected
        .runtime()
        .create_bundle(&request)
        .expect("a bundle");
    let sandbox = bench.bare();
    sandbox
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), &core_alone.path)
        .expect("it installs");
    request.features = Feature::LocalEmbeddings.into();
    let both = bench
        .connected
        .runtime()
        .create_bundle(&request)
        .expect("a bundle");
    let mut wanted = core(InstallMode::IfNeeded);
    wanted.features = FeatureSet::from(Feature::LocalEmbeddings);
    let installed = sandbox
        .runtime()
        .install_from(&wanted, &both.path)
        .expect("it installs");
    assert_eq!(installed.outcome, InstallOutcome::Installed);
    assert!(installed.manifest.features.covers(&wanted.features));
    let imported = Command::new(&sandbox.runtime().layout().python_path)
        .args(["-I", "-c", "import alpha, beta_x, gamma, ktx_daemon"])
        .status();
    assert!(imported.expect("it runs").success());
}

#[test]
fn an_index_with_other_files_than_the_lock_makes_no_bundle() {
    let bench = Bench::new();
    let request = bench.request(&[Platform::LinuxX64]);
    fs_err::create_dir_all(request.output.parent().expect("a folder")).expect("made");
    fs_err::write(&request.output, "what was there").expect("written");
    let (name, _) = dependency("alpha", "1.0", "py3-none-any");
    let (_, other) = dependency("alpha", "1.0", "py2.py3-none-any");
    fs_err::write(bench.inputs.links().join(&name), other).expect("written");
    let error = bench
        .connected
        .runtime()
        .create_bundle(&request)
        .expect_err("another file");
    assert!(error.to_string().contains("alpha"), "{error}");
    fs_err::remove_file(bench.inputs.links().join(&name)).expect("removed");
    let error = bench
        .connected
        .runtime()
        .create_bundle(&request)
        .expect_err("no file");
    assert!(error.to_string().contains("alpha"), "{error}");
    fs_err::remove_file(bench.inputs.links().join(UV_FILE)).expect("removed");
    let error = bench
        .connected
        .runtime()
        .create_bundle(&request)
        .expect_err("no uv");
    assert!(matches!(error, Error::UvDownload { .. }), "{error}");
    let error = bench
        .connected
        .runtime()
        .create_bundle(&BundleRequest {
            python: "three".to_owned(),
            ..request.clone()
        })
        .expect_err("no version");
    assert!(
        error.to_string().contains("`three` is not a version of Python"),
        "{error}"
    );
    let kept = fs_err::read_to_string(&request.output).expect("it is there");
    assert_eq!(kept, "what was there");
    let folder = request.output.parent().expect("a folder");
    assert_eq!(
        fs_err::read_dir(folder).expect("the folder").count(),
        1,
        "nothing unfinished is left"
    );
}
