//! Sources that everything can be built from, in their own folder; tests damage one thing at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::{Feature, Finding, Platform};
use ktx_release::bill::BillSources;
use ktx_release::lock;
use ktx_release::package::{HostAnswer, PackageOptions, PackagePlan};
use ktx_release::pyproject::Project;
use ktx_release::wheel::{BuiltWheel, WheelPlan};
use ktx_release::{Error, Interrupt, tarball};
use ktx_system::Signal;
use tempfile::TempDir;

use ktx_fixtures::sample_program as programs;

pub const VERSION: semver::Version = semver::Version::new(1, 2, 3);

const PYPROJECT: &str = r#"[project]
name = "kaelio-ktx"
version = "0.0.0"
description = "The payload"
readme = "README.md"
license = "Apache-2.0"
license-files = ["LICENSE"]
requires-python = ">=3.11"
dependencies = ["lkml>=1.3.7,<2"]

[project.optional-dependencies]
clickhouse = []
duckdb = []
local-embeddings = ["torch>=2.2,<3"]
mysql = []

[project.scripts]
ktx-daemon = "ktx_daemon.__main__:main"

[tool.uv.build-backend]
module-root = ""
module-name = ["ktx_daemon", "semantic_layer"]
"#;

pub struct Sources {
    folder: TempDir,
    /// Left out, the program of the platform is sound.
    pub programs: BTreeMap<Platform, Vec<u8>>,
    pub host_answer: Option<HostAnswer>,
    pub default_index: String,
    pub bill: BillSources,
}

impl Sources {
    pub fn new() -> Sources {
        let sources = Sources {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            programs: Platform::ALL
                .into_iter()
                .map(|platform| (platform, programs::program(platform.as_str(), "1.2.3")))
                .collect(),
            host_answer: Some(HostAnswer::Said("@kaelio/ktx 1.2.3\n".to_owned())),
            default_index: "https://index.example/simple".to_owned(),
            bill: BillSources::default(),
        };
        for (path, text) in [
            ("LICENSE", "Licence text\n"),
            ("npm/README.md", "# Package\n"),
            ("npm/assets/uv.json", include_str!("../../../npm/assets/uv.json")),
            (
                "npm/package.json",
                r#"{"name": "@kaelio/ktx", "version": "0.0.0-private", "private": true}"#,
            ),
            ("npm/dist/bin.js", "#!/usr/bin/env node\n"),
            ("npm/dist/bin.d.ts", "export {};\n"),
            ("npm/dist/error.js", "'use strict';\n"),
            ("npm/dist/failure.js", "'use strict';\n"),
            ("npm/dist/index.mjs", "import 'node:module';\n"),
            ("npm/dist/index.d.mts", "export {};\n"),
            ("npm/dist/ktx-api.js", "require('./program.js');\n"),
            ("npm/dist/ktx-api.d.ts", "export {};\n"),
            ("npm/dist/program.js", "require('fs');\n"),
            ("npm/dist/streams.js", "'use strict';\n"),
            ("npm/assets/demo/ktx.yaml", "connections: {}\n"),
            ("npm/test/not-shipped.js", "\n"),
            ("python/pyproject.toml", PYPROJECT),
            (
                "python/locks/licenses.toml",
                "lkml = \"MIT\"\ntorch = \"BSD-3-Clause\"\n",
            ),
            ("python/README.md", "# Payload\n\nText.\n"),
            ("python/LICENSE", "Licence text\n"),
            ("python/ktx_daemon/__init__.py", ""),
            ("python/ktx_daemon/__main__.py", "def main() -> None: ...\n"),
            ("python/ktx_daemon/py.typed", ""),
            ("python/semantic_layer/__init__.py", ""),
            ("python/semantic_layer/sql/__init__.py", "X = 1\n"),
            ("python/tests/test_not_shipped.py", ""),
        ] {
            sources.write(path, text);
        }
        sources.lock();
        sources
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }

    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
        .expect("it can be removed");
    }

    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).expect("the file is text");
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, text.replace(from, to));
    }

    /// Makes locks that fit `pyproject.toml` as it is now.
    pub fn lock(&self) {
        let text = fs::read_to_string(self.path("python/pyproject.toml")).expect("the file is text");
        let project = Project::parse(Path::new("pyproject.toml"), &text).expect("the project is whole");
        let hash = format!("--hash=sha256:{}", "0".repeat(64));
        let core = format!("lkml==1.3.7 {hash}\n");
        for feature in Feature::ALL {
            let pins = match feature {
                Feature::LocalEmbeddings => format!("{core}torch==2.9.0 {hash}\n"),
                _ => core.clone(),
            };
            let lock = lock::text(&project, Timestamp::UNIX_EPOCH, &pins);
            self.write(&format!("python/locks/{}", feature.lock_file()), lock);
        }
    }

    pub fn project(&self) -> Result<Project, Error> {
        Project::read(&self.path("python"))
    }

    pub fn plan_wheel(&self) -> Result<WheelPlan, Error> {
        WheelPlan::new(&self.project()?, &VERSION, None)
    }

    /// The wheel, also written to its place among the artifacts.
    pub fn build_wheel(&self) -> BuiltWheel {
        let plan = self.plan_wheel().expect("the sources are sound");
        let wheel = plan.build(&Interrupt::new()).expect("it can be built");
        let written = wheel.write(&self.path("dist/artifacts/python"));
        written.expect("the wheel can be written");
        wheel
    }

    /// With the wheel that is in its place, which is built unless there is one.
    pub fn package_options(&self) -> Result<PackageOptions, Error> {
        let mut programs = BTreeMap::new();
        for (platform, bytes) in &self.programs {
            let path = format!("dist/bin/{platform}/{}", platform.program_file());
            self.write(&path, bytes);
            programs.insert(*platform, self.path(&path));
        }
        let wheels = self.path("dist/artifacts/python");
        if !wheels.exists() {
            self.build_wheel();
        }
        let project = self.project()?;
        Ok(PackageOptions {
            root: self.root().to_owned(),
            wheel: BuiltWheel::read(&project, &VERSION, &wheels)?,
            project,
            programs,
            host_answer: self.host_answer.clone(),
            bill: self.bill.clone(),
            default_index: self.default_index.clone(),
            version: VERSION,
        })
    }

    /// Plans a package from these sources.
    pub fn plan_package(&self) -> Result<PackagePlan, Error> {
        PackagePlan::new(&self.package_options()?)
    }

    /// Packs, and gives the tarball's path.
    pub fn pack(&self) -> PathBuf {
        self.pack_plan(&self.plan_package().expect("the sources are sound"))
    }

    pub fn pack_plan(&self, plan: &PackagePlan) -> PathBuf {
        let path = self
            .path("dist/artifacts")
            .join(ktx_release::artifacts::tarball_path(&VERSION));
        tarball::pack(plan.contents(), &path, &Interrupt::new()).expect("the tarball can be written");
        path
    }
}

/// The codes of the findings behind an error; of an error without findings its kind.
pub fn codes<T>(result: Result<T, Error>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(Error::Missing { .. }) => vec!["missing".to_owned()],
        Err(Error::Refused { findings, .. }) => finding_codes(&findings),
        Err(error) => panic!("neither refused nor missing: {error}"),
    }
}

pub fn finding_codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| finding.code.to_string()).collect()
}

/// A user who has pressed Ctrl-C.
pub fn interrupted() -> Interrupt {
    let interrupt = Interrupt::new();
    interrupt.raise(Signal::Interrupt);
    interrupt
}
