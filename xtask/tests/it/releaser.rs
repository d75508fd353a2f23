//! A release engineer's checkout: under git, with a policy that names a local registry, and somebody's credentials.

use ktx_policy::RegistryUrl;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::checkout::{Checkout, foreign};
use crate::support::LocalRegistry;
use crate::support::release::{changelog, smoke_report};

/// The folder of the advisories.
pub const ADVISORIES: &str = "target/advisories";

pub struct Releaser {
    pub checkout: Checkout,
    pub registry: LocalRegistry,
}

impl Releaser {
    /// At `version`, committed; nothing is built.
    pub fn new(version: &str) -> Self {
        let releaser = Self {
            checkout: Checkout::new(),
            registry: LocalRegistry::start(),
        };
        let checkout = &releaser.checkout;
        let lock = format!("version = 4\n\n[[package]]\nname = \"ktx\"\nversion = \"{version}\"\n");
        checkout.write("Cargo.lock", lock);
        let manifest = format!("[workspace.package]\nversion = \"{version}\"\n");
        checkout.write("Cargo.toml", manifest);
        let mut policy = releaser.policy();
        policy["npm"]["registry"] = json!(releaser.registry.url().as_str());
        policy["platforms"] = json!([foreign().as_str()]);
        // The local registry attests nothing.
        policy["npm"]["provenance"] = json!("optional");
        policy["requiredScenarios"] = json!(["npm-local", "runtime-lifecycle"]);
        policy["publishedPackageSmoke"]["version"] = json!(version);
        let policy = serde_json::to_string_pretty(&policy).expect("the policy is written");
        checkout.write("release-policy.json", policy);
        checkout.write("CHANGELOG.md", changelog(version));
        let credentials = releaser.registry.credentials(&releaser.registry.url());
        checkout.write(".npmrc", credentials);
        checkout.commit();
        releaser
    }

    /// From now on another address of the registry, such as that of a proxy before it.
    pub fn use_registry(&self, url: &RegistryUrl) {
        self.checkout.write(".npmrc", self.registry.credentials(url));
        self.change_policy(|policy| policy["npm"]["registry"] = json!(url.as_str()));
    }

    fn policy(&self) -> Value {
        serde_json::from_slice(&self.checkout.read("release-policy.json")).expect("the policy is JSON")
    }

    pub fn change_policy(&self, change: impl FnOnce(&mut Value)) {
        let mut policy = self.policy();
        change(&mut policy);
        self.checkout.write("release-policy.json", policy.to_string());
        self.checkout.commit();
    }

    /// Lifts the budgets, for a release after one that is much smaller.
    pub fn allow_growth(&self) {
        self.change_policy(|policy| drop(policy.as_object_mut().expect("an object").remove("budgets")));
    }

    /// A bare repository that every commit is pushed to.
    pub fn origin(&self) -> TempDir {
        let origin = tempfile::tempdir().expect("a folder");
        let address = origin.path().to_string_lossy().into_owned();
        self.checkout.git(&["init", "--quiet", "--bare", &address]);
        self.checkout.git(&["remote", "add", "origin", &address]);
        self.checkout.git(&["push", "--quiet", "origin", "main"]);
        origin
    }

    /// A program that says to be of `version`, and the artifacts around it.
    pub fn build(&self, version: &str) {
        self.stamp_program(version);
        self.checkout.write("CHANGELOG.md", changelog(version));
        self.checkout.commit();
        self.checkout.build(&["build", "--prebuilt"]);
    }

    pub fn stamp_program(&self, version: &str) {
        let platform = foreign();
        let path = format!("dist/bin/{platform}/{}", platform.program_file());
        let program = ktx_fixtures::sample_program::program(platform.as_str(), version);
        self.checkout.write(&path, program);
    }

    /// A green report of the built tarball, as a smoke on its platform would write it, and the comparison.
    pub fn prove(&self) {
        let report = self.report(json!({"kind": "artifacts"}), &["npm-local", "runtime-lifecycle"]);
        self.checkout.write(
            &format!("dist/reports/smoke-{}.json", foreign()),
            report.to_string(),
        );
        self.checkout.build(&["diff"]);
        self.write_advisories();
        self.checkout.build(&["audit", "--db", ADVISORIES]);
    }

    /// An advisory of today for each ecosystem, about nothing that is locked.
    pub fn write_advisories(&self) {
        for ecosystem in ["crates.io", "PyPI", "npm"] {
            self.write_advisory(ecosystem, "elsewhere", "9.9.9");
        }
    }

    /// An advisory of today about every version of a package below `fixed`.
    pub fn write_advisory(&self, ecosystem: &str, package: &str, fixed: &str) {
        let advisory = json!({
            "id": format!("TEST-{ecosystem}-{package}"),
            "modified": jiff::Timestamp::now(),
            "summary": "It can be made to overflow.",
            "affected": [{
                "package": {"ecosystem": ecosystem, "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            }],
        });
        let path = format!("{ADVISORIES}/{ecosystem}/{package}.json");
        self.checkout.write(&path, advisory.to_string());
    }

    /// Builds, proves and publishes `version` under `next`.
    pub fn publish(&self, version: &str) {
        self.build(version);
        self.prove();
        self.checkout.build(&["publish", "--tag", "next", "--execute"]);
    }

    /// A green report of the package as the registry serves it.
    pub fn prove_published(&self, version: &str) {
        let package = format!("@kaelio/ktx@{version}");
        let url = &self.policy()["npm"]["registry"];
        let source = json!({"kind": "registry", "url": url, "package": package});
        let report = self.report(source, &["published"]);
        self.checkout
            .write("dist/reports/smoke-published.json", report.to_string());
    }

    fn report(&self, source: Value, scenarios: &[&str]) -> Value {
        smoke_report(
            foreign().as_str(),
            &self.checkout.path("dist/artifacts"),
            &self.checkout.read("release-policy.json"),
            source,
            scenarios,
        )
    }
}
