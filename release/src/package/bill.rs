//! The bill of materials and the notices of a package, made from the files in it.

use std::collections::BTreeMap;

use ktx_manifest::artifact_manifest::NPM_PACKAGE;
use ktx_manifest::sbom::{Component, ComponentKind, Dependency, SBOM, Sbom};
use ktx_manifest::{Feature, Finding, Platform, Sha256Digest};

use super::archive_path;
use super::contents::PackageContents;
use crate::archive::Mode;
use crate::bill::{
    self, BillSources, Crate, Licenses, Lock, NOTICES, Notices, Origin, REVISION, SQLITE_CRATE,
};
use crate::error::Error;
use crate::lock::distributions;

/// Adds the bill and the notices to a package that has everything else.
pub(super) fn add(
    contents: &mut PackageContents,
    sources: &BillSources,
    licenses: &Licenses,
    version: &semver::Version,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let mut bill = Bill {
        sources,
        apache: text(contents, "LICENSE"),
        notices: Notices::default(),
        components: BTreeMap::new(),
        dependencies: Vec::new(),
        findings,
    };
    let mut files = Vec::new();
    for platform in Platform::ALL {
        let path = platform.program_path();
        if let Some(file) = contents.get(&path) {
            bill.program(platform, file.bytes)?;
            files.push(path);
        }
    }
    files.extend(bill.python(contents, licenses));
    let package = format!("pkg:npm/{}@{version}", NPM_PACKAGE.replacen('@', "%40", 1));
    let mut of = Component::new(ComponentKind::Application, &package, NPM_PACKAGE)
        .of_version(version)
        .licensed("Apache-2.0")
        .with_purl(&package);
    if let Some(revision) = &sources.revision {
        of = of.with_property(REVISION, revision);
    }
    bill.dependencies.push(Dependency {
        reference: package,
        depends_on: files,
    });
    let sbom = Sbom::new(of, bill.components.into_values().collect(), bill.dependencies);
    let notices = bill.notices.into_entry(archive_path(NOTICES));
    contents.insert(notices.path, notices.mode, notices.bytes);
    contents.insert(archive_path(SBOM), Mode::Regular, sbom.to_text().into_bytes());
    Ok(())
}

struct Bill<'a> {
    sources: &'a BillSources,
    /// The text of the Apache License.
    apache: String,
    notices: Notices,
    components: BTreeMap<String, Component>,
    dependencies: Vec<Dependency>,
    findings: &'a mut Vec<Finding>,
}

impl Bill<'_> {
    fn program(&mut self, platform: Platform, bytes: &[u8]) -> Result<(), Error> {
        let path = platform.program_path();
        let (crates, runtimes) = match bill::parts(platform, bytes) {
            Ok(parts) => parts,
            // The package's rules report what cannot be read.
            Err(_) => return Ok(()),
        };
        let mut depends_on = Vec::new();
        for one in &crates {
            depends_on.extend(self.one_crate(one)?);
        }
        for runtime in runtimes {
            depends_on.push(runtime.reference.clone());
            self.runtime(runtime);
        }
        let component = Component::new(ComponentKind::Application, &path, "ktx")
            .with_sha256([Sha256Digest::of(bytes)])
            .with_property("ktx:platform", platform.as_str());
        self.components.insert(path.clone(), component);
        self.dependencies.push(Dependency {
            reference: path,
            depends_on,
        });
        Ok(())
    }

    /// Adds a crate and what it brings; their references.
    fn one_crate(&mut self, one: &Crate) -> Result<Vec<String>, Error> {
        let reference = one.reference();
        let mut references = vec![reference.clone()];
        let key = (one.name.clone(), one.version.clone());
        let Some(source) = self.sources.crates.get(&key) else {
            self.findings.push(foreign(one));
            return Ok(references);
        };
        if one.name == SQLITE_CRATE {
            let sqlite = bill::sqlite(&source.sqlite_version()?);
            references.push(sqlite.reference.clone());
            self.runtime(sqlite);
        }
        if self.components.contains_key(&reference) {
            return Ok(references);
        }
        let mut component = Component::new(ComponentKind::Library, &reference, &one.name)
            .of_version(&one.version)
            .with_sha256(source.sha256);
        if one.origin == Origin::Registry {
            component = component.with_purl(&reference);
        }
        match source.license.as_deref().map(bill::canonical) {
            Some(Ok(license)) => component = component.licensed(license),
            _ => self.findings.push(unlicensed(one)),
        }
        if one.origin == Origin::Registry {
            match bill::of_crate(&component, &source.folder, &self.apache)? {
                Ok(texts) => self.notices.add(&component, texts),
                Err(missing) => self.findings.push(missing),
            }
        }
        self.findings.extend(bill::license_refusal(&component));
        self.components.insert(reference, component);
        Ok(references)
    }

    fn runtime(&mut self, component: Component) {
        self.findings.extend(bill::license_refusal(&component));
        let text = bill::of_runtime(&component.name, &self.apache);
        self.notices.add(&component, text.into_iter().collect());
        self.components.insert(component.reference.clone(), component);
    }

    /// Adds the wheel and the closure of its locks; the path of the wheel.
    fn python(&mut self, contents: &PackageContents, licenses: &Licenses) -> Option<String> {
        let locks = locks(contents);
        let closure = bill::closure(&locks, licenses, lock_path, self.findings);
        let keyed = closure
            .components
            .into_iter()
            .map(|component| (component.reference.clone(), component));
        self.components.extend(keyed);
        self.dependencies.extend(closure.dependencies);
        let (name, wheel) = wheel(contents)?;
        let reference = format!("assets/python/{name}");
        let version = name.split('-').nth(1).unwrap_or_default();
        let component = Component::new(ComponentKind::Library, &reference, "kaelio-ktx")
            .of_version(version)
            .with_sha256([Sha256Digest::of(wheel)])
            .licensed("Apache-2.0")
            .with_purl(format!("pkg:pypi/kaelio-ktx@{version}"));
        self.components.insert(reference.clone(), component);
        self.dependencies.push(Dependency {
            reference: reference.clone(),
            depends_on: locks.iter().map(|lock| lock_path(lock.feature)).collect(),
        });
        Some(reference)
    }
}

/// The locks in a package.
pub fn locks(contents: &PackageContents) -> Vec<Lock<'_>> {
    let lock = |feature: Feature| {
        let text = contents.get(&lock_path(feature))?.bytes;
        Some(Lock {
            feature,
            text,
            distributions: distributions(&String::from_utf8_lossy(text)),
        })
    };
    Feature::ALL.into_iter().filter_map(lock).collect()
}

/// The path of a lock in a package, which is its reference in the bill.
pub fn lock_path(feature: Feature) -> String {
    format!("assets/python/{}", feature.lock_file())
}

/// The wheel in a package, by its file name.
pub fn wheel(contents: &PackageContents) -> Option<(&str, &[u8])> {
    contents
        .below("assets/python")
        .find(|(name, _)| name.ends_with(".whl"))
        .map(|(name, file)| (name, file.bytes))
}

fn text(contents: &PackageContents, path: &str) -> String {
    let bytes = contents.get(path).map(|file| file.bytes).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

fn foreign(one: &Crate) -> Finding {
    let message = format!(
        "failed to describe the crate {} {}: Cargo.lock does not name it",
        one.name, one.version
    );
    Finding::error("sbom-crate-unknown", message).with_hint("run: cargo xtask build")
}

fn unlicensed(one: &Crate) -> Finding {
    let message = format!(
        "failed to describe the crate {} {}: it has no SPDX expression for its licence",
        one.name, one.version
    );
    Finding::error("sbom-license-missing", message)
}
