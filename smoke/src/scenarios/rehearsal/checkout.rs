//! The work tree of a release engineer: a version, a policy, artifacts and reports, and the commands of the toolchain.
//!
//! It is a minimal checkout. The pinned tools are those of the checkout that runs the smoke.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::Platform;
use ktx_manifest::artifact_manifest::{
    ARTIFACT_MANIFEST_FILE, ArtifactFile, ArtifactManifest, ArtifactPackage,
};
use ktx_manifest::digest::{ContentId, Sha256Digest};
use ktx_manifest::smoke_report::SmokeReport;
use serde_json::{Value, json};

use super::github::{Github, TOKEN};
use super::proof;
use crate::failure::Stop;
use crate::options::{Package, Toolchain};
use crate::package_tree::PackageTree;
use crate::sandbox::Invocation;
use crate::scenarios::registry::without_proxy;
use crate::stage::Stage;
use crate::step::Step;

const CARGO_TOML: &str = "[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"0.0.0\"\n";
const CARGO_LOCK: &str = "version = 4\n\n[[package]]\nname = \"ktx\"\nversion = \"0.0.0\"\n";
const GITIGNORE: &str = "/.gitignore\n/dist\n/python\n/target\n/xtask\n";
const POLICY: &str = "release-policy.json";

/// The locks that the package was built with; tools and caches, which `cargo xtask smoke` would otherwise install again.
const SHARED: [&str; 4] = ["python", "xtask/tools", "target/tools", "target/smoke"];

/// The nine commands of the published package, each of which may take the registry's time.
const DEADLINE: Duration = Duration::from_secs(600);

pub struct Checkout<'s> {
    stage: &'s Stage<'s>,
    toolchain: &'s Toolchain,
    registry: String,
    github: String,
    folder: Utf8PathBuf,
}

impl<'s> Checkout<'s> {
    pub fn make(
        stage: &'s Stage<'s>,
        toolchain: &'s Toolchain,
        registry: &str,
        github: &Github,
    ) -> Result<Self, Stop> {
        let checkout = Checkout {
            stage,
            toolchain,
            registry: registry.to_owned(),
            github: github.url().to_owned(),
            folder: stage.sandbox.work().join("checkout"),
        };
        fs::create_dir(&checkout.folder)?;
        fs::write(checkout.at("Cargo.toml"), CARGO_TOML)?;
        fs::write(checkout.at("Cargo.lock"), CARGO_LOCK)?;
        fs::write(checkout.at(POLICY), checkout.policy()?)?;
        fs::write(checkout.at(".gitignore"), GITIGNORE)?;
        for name in SHARED {
            let link = checkout.at(name);
            fs::create_dir_all(link.parent().unwrap_or(&link))?;
            share(&toolchain.checkout.join(name), &link)?;
        }
        checkout.git("init", "init --quiet").check()?;
        checkout
            .git("remote", "remote add origin")
            .arg(github.repository())
            .check()?;
        Ok(checkout)
    }

    /// The version set and committed, its artifacts where a build puts them, verified and proven.
    pub fn build(&self, version: &str, mut package: PackageTree) -> Result<(), Stop> {
        package.mark_for_release()?;
        self.xtask("version-set", "version set").arg(version).check()?;
        fs::write(self.at("CHANGELOG.md"), changelog(version))?;
        self.git(
            "add",
            "add Cargo.toml Cargo.lock CHANGELOG.md release-policy.json",
        )
        .check()?;
        self.git("commit", "commit --quiet --message")
            .arg(version)
            .check()?;
        self.git("push", "push --quiet origin HEAD:main").check()?;
        let head = self.git("head", "rev-parse HEAD").check()?;
        let artifacts = self.at("dist/artifacts");
        if artifacts.exists() {
            fs::remove_dir_all(&artifacts)?;
        }
        let head = head.stdout.trim();
        package.claim_commit(head)?;
        let tarball = write_artifacts(&artifacts, &package, head)?;
        self.xtask("verify", "verify").check()?;
        self.release("diff", "diff").check()?;
        self.audit()?;
        self.refuses_unproven(version)?;
        let package = Package {
            tarball,
            version: version.to_owned(),
            name: self.stage.package().name.clone(),
        };
        proof::prove(self.stage, package, &self.at(POLICY), &self.at("dist/reports"))
    }

    /// The locks, compared with advisories of today about something else.
    fn audit(&self) -> Result<(), Stop> {
        let folder = self.at("target/advisories");
        fs::create_dir_all(&folder)?;
        for ecosystem in ["crates.io", "PyPI", "npm"] {
            let advisory = json!({
                "id": format!("REHEARSAL-{ecosystem}"),
                "modified": Timestamp::now(),
                "affected": [{"package": {"ecosystem": ecosystem, "name": "rehearsal"}, "versions": ["0.0.0"]}],
            });
            fs::write(folder.join(format!("{ecosystem}.json")), advisory.to_string())?;
        }
        self.xtask("audit", "audit --db target/advisories").check()?;
        Ok(())
    }

    /// Bytes that no report names are not published: neither without a report nor with one of other bytes.
    fn refuses_unproven(&self, version: &str) -> Result<(), Stop> {
        let report = Platform::host().map(SmokeReport::file_name).unwrap_or_default();
        let (code, reason) = if self.at("dist/reports").join(report).exists() {
            (6, "the smoke report is about another tarball")
        } else {
            (3, "there is no smoke report")
        };
        self.release(
            "publish-unproven",
            &format!("publish --tag {} --execute", dist_tag(version)),
        )
        .exits(code)
        .stderr_has(reason)
        .check()?;
        Ok(())
    }

    /// A command of the toolchain on the registry.
    pub fn release(&self, id: &'static str, words: &str) -> Step<'s> {
        self.xtask(id, words).args(["--registry", &self.registry])
    }

    /// Publishes what was built.
    pub fn publish(&self, id: &'static str, version: &str) -> Result<(), Stop> {
        let tag = dist_tag(version);
        let published = format!(
            "Published {}@{version} with tag {tag}\n",
            self.stage.package().name
        );
        self.release(id, &format!("publish --tag {tag} --execute"))
            .stdout_has(published)
            .stderr_has(format!("waiting for the registry: it does not list {version}\n"))
            .check()?;
        Ok(())
    }

    /// Makes the tag and the release page of what was published, and finds that nothing is left to do.
    pub fn announce(&self, id: &'static str, version: &str) -> Result<(), Stop> {
        self.release(id, "announce --execute")
            .stdout_has(format!(
                "announced: https://github.com/kaelio/ktx/releases/tag/v{version}\n"
            ))
            .check()?;
        self.git("tag-kind", "cat-file -t")
            .arg(format!("v{version}"))
            .stdout_is("tag\n")
            .check()?;
        Ok(())
    }

    /// The smoke of the package as the registry serves it, without which nothing is promoted.
    pub fn prove_published(&self, id: &'static str, version: &str) -> Result<(), Stop> {
        let package = format!("{}@{version}", self.stage.package().name);
        self.release(id, "smoke")
            .args(["--package", &package])
            .stderr_has("published package invocation smoke verified\n")
            .check()?;
        Ok(())
    }

    fn xtask(&self, id: &'static str, words: &str) -> Step<'s> {
        self.stage
            .step(id, self.typed(self.toolchain.xtask.as_str()).words(words))
    }

    fn git(&self, id: &'static str, words: &str) -> Step<'s> {
        let git = self.typed("git");
        let git = git.args([
            "-c",
            "user.name=Releaser",
            "-c",
            "user.email=releaser@example.com",
        ]);
        self.stage.step(id, git.words(words))
    }

    /// A command in the checkout, found as the person finds it who runs the smoke: the pinned tools belong to the
    /// interpreter on that `PATH`.
    fn typed(&self, program: &str) -> Invocation {
        let typed = Invocation::new(program)
            .within(&self.folder)
            .deadline_of(DEADLINE);
        let typed = without_proxy(self.stage, typed);
        let typed = typed
            .in_a_shell_with("GITHUB_API_URL", &self.github)
            .in_a_shell_with("GITHUB_TOKEN", TOKEN);
        match self.stage.options.machine.environment.get("PATH") {
            Some(path) => typed.in_a_shell_with("PATH", path),
            None => typed,
        }
    }

    fn at(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }

    /// The checkout's policy, for the one platform that can be proven here.
    fn policy(&self) -> Result<String, Stop> {
        let text = fs::read(self.toolchain.checkout.join(POLICY))?;
        let mut policy: Value = serde_json::from_slice(&text).map_err(std::io::Error::from)?;
        policy["platforms"] = json!([Platform::host().map(Platform::as_str)]);
        // Nobody signs what this registry is sent.
        policy["npm"]["provenance"] = json!("optional");
        policy["npm"]["lanes"] = json!([line_of(&self.stage.package().version)]);
        policy["requiredScenarios"] = json!(proof::INDISPENSABLE.map(|scenario| scenario.name));
        Ok(format!("{policy:#}\n"))
    }
}

fn changelog(version: &str) -> String {
    format!("# Changelog\n\n## [{version}] - 2031-01-31\n\n### Changed\n\n- This is a rehearsal.\n")
}

/// `X.Y` of `X.Y.Z`.
pub fn line_of(version: &str) -> &str {
    let end = version.match_indices('.').nth(1);
    end.map_or(version, |(end, _)| &version[..end])
}

/// Where a version goes first.
pub fn dist_tag(version: &str) -> String {
    match version.split_once('-') {
        Some((_, prerelease)) if !prerelease.starts_with("rc.") => {
            let slug = prerelease.rsplit_once('.').map_or(prerelease, |(slug, _)| slug);
            format!("branch-{slug}")
        }
        _ => "next".to_owned(),
    }
}

/// Writes an artifacts folder as a build would have; returns the path of the tarball.
fn write_artifacts(folder: &Utf8Path, package: &PackageTree, revision: &str) -> std::io::Result<Utf8PathBuf> {
    let packages = vec![
        ArtifactPackage::npm(package.version()?),
        ArtifactPackage::python(package.python_version()?),
    ];
    let wheel = package.get(&package.wheel_path()?).unwrap_or_default().to_vec();
    let mut files = Vec::new();
    for (described, bytes) in packages.iter().zip([package.pack()?, wheel]) {
        let path = folder.join(described.artifact_path());
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, &bytes)?;
        let content = ContentId {
            sha256: Sha256Digest::of(&bytes),
            bytes: bytes.len() as u64,
        };
        let relative = described.artifact_path().parse().map_err(std::io::Error::other)?;
        files.push(ArtifactFile::of(described, relative, content));
    }
    let tarball = folder.join(packages[0].artifact_path());
    let manifest = ArtifactManifest::new(Timestamp::now(), Some(revision.to_owned()), packages, files);
    fs::write(folder.join(ARTIFACT_MANIFEST_FILE), manifest.to_text())?;
    Ok(tarball)
}

#[cfg(unix)]
fn share(target: &Utf8Path, link: &Utf8Path) -> std::io::Result<()> {
    fs::os::unix::fs::symlink(target, link)
}

/// The scenario does not run on Windows.
#[cfg(not(unix))]
fn share(_target: &Utf8Path, _link: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::dist_tag;

    #[test]
    fn a_version_goes_under_the_tag_of_its_channel() {
        for (version, tag) in [
            ("0.1.0-rc.0", "next"),
            ("0.1.0", "next"),
            ("0.1.0-my-fix.3", "branch-my-fix"),
        ] {
            assert_eq!(dist_tag(version), tag);
        }
    }
}
