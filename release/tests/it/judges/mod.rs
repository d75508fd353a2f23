//! What others say about the real artifacts: the field's own checkers and installers, at pinned versions.
//!
//! The wheel is made from the repository's `python/`, the package from its `npm/`; only the programs are stand-ins
//! with the right headers, since building the real ones takes minutes and no judge here runs them.

mod consumers;
mod package;
mod tools;
mod wheel;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use fs_err as fs;
use ktx_manifest::Platform;
use ktx_release::package::{HostAnswer, PackageOptions, PackagePlan};
use ktx_release::pyproject::Project;
use ktx_release::wheel::WheelPlan;
use ktx_release::{Interrupt, artifacts, tarball};
use tempfile::TempDir;

use ktx_fixtures::sample_program as programs;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The artifacts of the repository as it is, built once for all judges.
struct Artifacts {
    _folder: TempDir,
    wheel: PathBuf,
    package: PathBuf,
    tarball: PathBuf,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is here")
}

fn built() -> &'static Artifacts {
    static BUILT: OnceLock<Artifacts> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let version: semver::Version = VERSION.parse().expect("the workspace has a SemVer version");
        let project = Project::read(&root().join("python")).expect("the project is sound");
        let plan = WheelPlan::new(&project, &version, None).expect("the payload is sound");
        let wheel = plan.build(&Interrupt::new()).expect("the wheel can be built");
        let written = wheel.write(&folder.path().join("artifacts/python"));
        let programs = Platform::ALL.map(|platform| {
            let path = folder.path().join(format!("bin-{platform}"));
            fs::write(&path, programs::program(platform.as_str(), VERSION))
                .expect("a program can be written");
            (platform, path)
        });
        let plan = PackagePlan::new(&PackageOptions {
            root: root(),
            project,
            wheel,
            programs: programs.into(),
            host_answer: Some(HostAnswer::Said(format!("@kaelio/ktx {VERSION}\n"))),
            bill: Default::default(),
            default_index: "https://index.example/simple".to_owned(),
            version: version.clone(),
        });
        let package = folder.path().join("package");
        let plan = plan.unwrap_or_else(|error| panic!("{error}: {:#?}", error.findings()));
        plan.stage(&package, &Interrupt::new())
            .expect("the package can be staged");
        let tarball = folder
            .path()
            .join("artifacts")
            .join(artifacts::tarball_path(&version));
        tarball::pack(plan.contents(), &tarball, &Interrupt::new()).expect("the tarball can be written");
        Artifacts {
            _folder: folder,
            wheel: written.expect("the wheel can be written"),
            package,
            tarball,
        }
    })
}
