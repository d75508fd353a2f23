//! A small release in a folder of the test: artifacts, reports, policy, home.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use fs_err as fs;
use ktx_manifest::ContentId;
use ktx_manifest::artifact_manifest::{
    ARTIFACT_MANIFEST_FILE, ArtifactFile, ArtifactManifest, ArtifactPackage,
};
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{FirstLatest, Released, TrustDowngrade};
use ktx_policy::readiness::{Head, SourceFacts};
use ktx_publish::artifacts::Location;
use ktx_publish::publication::{
    Intent, Patience, Prepared, PublishOptions, PublishPlan, PublishReport, prepare,
};
use ktx_publish::receipt::{OperationOutcome, ReceiptBook};
use ktx_publish::tag_move::MoveOptions;
use ktx_publish::{Desk, Environment, PublishError};
use ktx_system::Interrupt;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::LocalRegistry;
use super::contents::files;

pub const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// Keeps what it is told.
#[derive(Default)]
pub struct Quiet(pub Mutex<Vec<String>>, Interrupt);

impl Desk for Quiet {
    fn talk(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn warn(&self, line: &str) {
        self.talk(line);
    }

    fn interrupt(&self) -> &Interrupt {
        &self.1
    }
}

/// A release and the home of the person who publishes it.
pub struct Release {
    folder: TempDir,
    version: String,
    pub registry: RegistryUrl,
    pub environment: Environment,
    pub options: PublishOptions,
}

impl Release {
    /// A ready release of `version`, for `registry`, with the credentials for it in the home's `.npmrc`.
    pub fn new(version: &str, local: &LocalRegistry, registry: RegistryUrl) -> Self {
        Self::of_bytes(version, local, registry, "first")
    }

    /// The same with other bytes inside.
    pub fn of_bytes(version: &str, local: &LocalRegistry, registry: RegistryUrl, content: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join(".npmrc"), local.credentials(&registry)).unwrap();
        let packages = vec![
            ArtifactPackage::npm(version),
            ArtifactPackage::python(python(version)),
        ];
        let environment = Environment::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
            ("HOME".to_owned(), home.to_string_lossy().into_owned()),
        ]);
        let options = PublishOptions {
            location: Location::handed_over(&folder.path().join("artifacts")),
            sources: SourceFacts {
                version: version.parse().unwrap(),
                packages,
                head: Head::At(REVISION.to_owned()),
                scenarios: BTreeMap::new(),
            },
            released: Released::default(),
            tag: "next".to_owned(),
            registry: Some(registry.clone()),
            first_latest: FirstLatest::Refused,
            trust_downgrade: TrustDowngrade::Refused,
            trusted_root: None,
            intent: Intent::Execute,
            patience: Patience {
                publication: Duration::from_secs(20),
                first_publication: Duration::from_secs(20),
                provenance: Duration::from_secs(20),
                failure: Duration::from_secs(2),
            },
        };
        let release = Self {
            folder,
            version: version.to_owned(),
            registry,
            environment,
            options,
        };
        fs::write(release.path("CHANGELOG.md"), changelog(version)).unwrap();
        release.write_policy(&json!({}));
        let package = json!({
            "name": NPM_PACKAGE,
            "version": version,
            "description": content,
            "repository": {"type": "git", "url": "git+https://github.com/kaelio/ktx.git"},
        });
        release.build(&package);
        release.prove();
        release
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn tarball(&self) -> PathBuf {
        self.path(&format!("artifacts/npm/kaelio-ktx-{}.tgz", self.version))
    }

    /// The checked-in policy for one platform, with `changes` on its top level.
    pub fn write_policy(&self, changes: &Value) {
        let checked_in = include_str!("../../../../release-policy.json");
        let mut policy: Value = serde_json::from_str(checked_in).unwrap();
        policy["platforms"] = json!(["linux-x64"]);
        policy["publishedPackageSmoke"]["version"] = json!(self.version);
        // Comparing with the last version and auditing have tests of their own.
        for optional in ["budgets", "audit"] {
            policy.as_object_mut().unwrap().remove(optional);
        }
        policy["npm"]["provenance"] = json!("optional");
        policy["requiredScenarios"] = json!(["npm-local", "runtime-lifecycle"]);
        for (key, value) in changes.as_object().unwrap() {
            policy[key] = value.clone();
        }
        fs::write(self.path("release-policy.json"), policy.to_string()).unwrap();
    }

    /// Writes the artifacts and their manifest.
    pub fn build(&self, package: &Value) {
        fs::create_dir_all(self.path("artifacts/npm")).unwrap();
        fs::create_dir_all(self.path("artifacts/python")).unwrap();
        fs::write(self.tarball(), tarball(package)).unwrap();
        let wheel = &self.options.sources.packages[1];
        fs::write(self.path("artifacts").join(wheel.artifact_path()), "a wheel").unwrap();
        self.write_manifest(Some(REVISION.to_owned()));
    }

    pub fn write_manifest(&self, revision: Option<String>) {
        let files = self.options.sources.packages.iter().map(|package| {
            let path = package.artifact_path();
            let bytes = fs::read(self.path("artifacts").join(&path)).unwrap();
            ArtifactFile::of(package, path.parse().unwrap(), content(&bytes))
        });
        let files = files.collect();
        let packages = self.options.sources.packages.clone();
        let manifest =
            ArtifactManifest::new("2021-01-01T00:00:00Z".parse().unwrap(), revision, packages, files);
        fs::write(
            self.path("artifacts").join(ARTIFACT_MANIFEST_FILE),
            manifest.to_text(),
        )
        .unwrap();
    }

    /// Writes a green smoke report for the artifacts as they are.
    pub fn prove(&self) {
        let report = self.smoke_report(json!({"kind": "artifacts"}), &["npm-local", "runtime-lifecycle"]);
        self.write_report("smoke-linux-x64.json", &report);
    }

    /// Writes a green report of the package from the registry.
    pub fn prove_published(&self) {
        let source = json!({
            "kind": "registry",
            "url": self.registry.as_str(),
            "package": format!("{NPM_PACKAGE}@{}", self.version),
        });
        self.write_report("smoke-published.json", &self.smoke_report(source, &["published"]));
    }

    pub fn write_report(&self, name: &str, report: &Value) {
        fs::create_dir_all(self.path("reports")).unwrap();
        fs::write(self.path("reports").join(name), report.to_string()).unwrap();
    }

    pub fn smoke_report(&self, source: Value, scenarios: &[&str]) -> Value {
        let policy = fs::read(self.path("release-policy.json")).unwrap();
        smoke_report("linux-x64", &self.path("artifacts"), &policy, source, scenarios)
    }

    pub fn accepting_first_latest(mut self) -> Self {
        self.options.first_latest = FirstLatest::Accepted;
        self
    }

    pub fn prepare(&self) -> Prepared {
        prepare(&self.options, &self.environment, &Quiet::default()).unwrap()
    }

    /// The plan; what stands in its way as one error.
    pub fn plan(&self) -> Result<PublishPlan, PublishError> {
        plan(&self.options, &self.environment)
    }

    pub fn publish(&self) -> Result<PublishReport, PublishError> {
        self.plan()?.execute(&Quiet::default())
    }

    /// How far each operation got, by the receipts.
    pub fn outcomes(&self) -> Vec<OperationOutcome> {
        let receipts = ReceiptBook::in_folder(&self.path("reports")).read(&Quiet::default());
        receipts.into_iter().map(|receipt| receipt.outcome).collect()
    }

    pub fn move_options(&self) -> MoveOptions {
        MoveOptions {
            trusted_root: None,
            location: self.options.location.clone(),
            registry: Some(self.registry.clone()),
            released: Released::default(),
            patience: Duration::from_secs(10),
        }
    }

    pub fn append_to_npmrc(&self, text: &str) {
        let path = self.path("home/.npmrc");
        let before = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{before}{text}")).unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The plan; what stands in its way as one error.
pub fn plan(options: &PublishOptions, environment: &Environment) -> Result<PublishPlan, PublishError> {
    let prepared = prepare(options, environment, &Quiet::default())?;
    prepared.plan.map_err(|mut blocks| match blocks.len() {
        1 => blocks.remove(0),
        _ => PublishError::Blocked(blocks),
    })
}

/// A green report of `scenarios` on the files in `artifacts`, under this policy.
pub fn smoke_report(
    platform: &str,
    artifacts: &Path,
    policy: &[u8],
    source: Value,
    scenarios: &[&str],
) -> Value {
    let passed = |name: &&str| json!({"name": name, "outcome": {"status": "passed"}, "seconds": 1.0, "steps": [{"name": "it works", "seconds": 1.0}]});
    let proven = |folder: &str| {
        let file = fs::read_dir(artifacts.join(folder))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let content = content(&fs::read(file.path()).unwrap());
        json!({"file": file.file_name().to_str().unwrap(), "sha256": content.sha256, "bytes": content.bytes})
    };
    let now = jiff::Timestamp::now();
    json!({
        "schemaVersion": 1,
        "platform": platform,
        "source": source,
        "tarball": proven("npm"),
        "wheel": proven("python"),
        "policySha256": content(policy).sha256,
        "toolVersions": {},
        "startedAt": now.to_string(),
        "finishedAt": now.to_string(),
        "scenarios": scenarios.iter().map(passed).collect::<Vec<_>>(),
    })
}

/// A changelog with something to say about a version.
pub fn changelog(version: &str) -> String {
    format!("# Changelog\n\n## [{version}] - 2031-01-31\n\n### Fixed\n\n- A fault.\n")
}

/// The dist-tags of the package on a registry, as `tag=version` in the order of the tags.
pub fn tags(registry: &RegistryUrl) -> String {
    let address = format!("{registry}@kaelio%2fktx");
    let mut answer = ureq::get(&address).call().unwrap();
    let packument: Value = answer.body_mut().read_json().unwrap();
    let tags: BTreeMap<String, String> = serde_json::from_value(packument["dist-tags"].clone()).unwrap();
    tags.into_iter()
        .map(|(tag, version)| format!("{tag}={version}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Lets a script be run.
pub fn make_executable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn content(bytes: &[u8]) -> ContentId {
    ContentId {
        sha256: ktx_manifest::Sha256Digest::of(bytes),
        bytes: bytes.len() as u64,
    }
}

fn python(version: &str) -> String {
    version.replace("-rc.", "rc").replace("-my-fix.1", ".dev1+my.fix")
}

fn tarball(package: &Value) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut add = |path: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // 1985-10-26T08:15:00Z, which npm gives every file.
        header.set_mtime(499_162_500);
        archive.append_data(&mut header, path, bytes).unwrap();
    };
    add("package/package.json", package.to_string().as_bytes());
    for (path, bytes) in files(package["version"].as_str().unwrap_or_default()) {
        add(&path, &bytes);
    }
    let mut gzip = archive.into_inner().unwrap();
    gzip.flush().unwrap();
    gzip.finish().unwrap()
}

/// Git tags of these versions, and no release pages.
pub fn tagged(versions: &[&str]) -> Released {
    Released {
        git_tags: versions.iter().map(|version| version.parse().unwrap()).collect(),
        pages: Vec::new(),
    }
}
