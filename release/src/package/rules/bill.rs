//! The bill of materials and the notices say what is in the package: read from the programs and the locks again, and
//! compared in both directions.

use std::collections::BTreeSet;
use std::io::Cursor;

use ktx_manifest::archive::{Archive, Limits};
use ktx_manifest::sbom::{Component, ComponentKind, SBOM, Sbom};
use ktx_manifest::{Finding, Platform, Sha256Digest, WheelFilename};
use memchr::memmem;

use crate::bill::{self, NOTICES, REVISION, SQLITE_CRATE, heading};
use crate::package::bill as package;
use crate::package::contents::PackageContents;
use crate::wheel::WHEEL_SBOM;

const SQLITE: &str = "pkg:generic/sqlite@";

/// All that is wrong with the bill and the notices of a package that was built from `revision`.
pub fn of_bill(
    contents: &PackageContents,
    version: &semver::Version,
    revision: Option<&str>,
) -> Vec<Finding> {
    let absent = [SBOM, NOTICES]
        .into_iter()
        .filter(|path| contents.get(path).is_none());
    let missing = |path| {
        refuse(
            "package-file-missing",
            path,
            "it is not in the package".to_owned(),
        )
    };
    let mut findings: Vec<Finding> = absent.map(missing).collect();
    findings.extend(self::findings(contents, version));
    findings.extend(of_commit(contents, revision));
    findings
}

/// The bill names the commit that the package was built from. One of changed sources has none.
pub fn of_commit(contents: &PackageContents, revision: Option<&str>) -> Option<Finding> {
    let revision = revision?;
    let sbom: Sbom = serde_json::from_slice(contents.get(SBOM)?.bytes).ok()?;
    let named = sbom.metadata.component.property(REVISION).unwrap_or("(none)");
    (named != revision).then(|| {
        let cause = format!("it is of the commit {named}, and the package was built from {revision}");
        refuse("sbom-commit", SBOM, cause)
    })
}

/// A missing file is reported with the other missing ones.
pub fn findings(contents: &PackageContents, version: &semver::Version) -> Vec<Finding> {
    let Some(file) = contents.get(SBOM) else {
        return Vec::new();
    };
    let sbom: Sbom = match serde_json::from_slice(file.bytes) {
        Ok(sbom) => sbom,
        Err(error) => return vec![refuse("sbom-unreadable", SBOM, error.to_string())],
    };
    let mut findings = Vec::new();
    if sbom.to_text().as_bytes() != file.bytes {
        let cause = "it is not written as the toolchain writes it".to_owned();
        findings.push(refuse("sbom-unreadable", SBOM, cause));
    }
    let of = sbom.metadata.component.version.as_deref();
    if of != Some(version.to_string().as_str()) {
        let cause = format!("it is of version {}, expected {version}", of.unwrap_or("(none)"));
        findings.push(refuse("sbom-version", SBOM, cause));
    }
    let mut expected = BTreeSet::new();
    for platform in Platform::ALL {
        program(contents, platform, &sbom, &mut expected, &mut findings);
    }
    findings.extend(unlisted(contents));
    python(contents, &sbom, &mut expected, &mut findings);
    let listed = sbom
        .components
        .iter()
        .map(|component| component.reference.clone());
    let surplus: Vec<String> = listed.filter(|reference| !expected.contains(reference)).collect();
    if !surplus.is_empty() {
        let cause = format!(
            "it lists {}, which nothing in the package has",
            surplus.join(", ")
        );
        findings.push(refuse("sbom-surplus", SBOM, cause));
    }
    findings.extend(undescribed(&sbom));
    findings.extend(notices(contents, &sbom));
    findings
}

/// Whatever the bill refers to is in it.
fn undescribed(sbom: &Sbom) -> Option<Finding> {
    let own = &sbom.metadata.component.reference;
    let references = sbom
        .dependencies
        .iter()
        .flat_map(|dependency| std::iter::once(&dependency.reference).chain(&dependency.depends_on));
    let unknown: BTreeSet<&str> = references
        .filter(|reference| *reference != own && sbom.component(reference).is_none())
        .map(String::as_str)
        .collect();
    (!unknown.is_empty()).then(|| {
        let unknown: Vec<&str> = unknown.into_iter().collect();
        let cause = format!("it does not describe {}", unknown.join(", "));
        refuse("sbom-undescribed", SBOM, cause)
    })
}

fn program(
    contents: &PackageContents,
    platform: Platform,
    sbom: &Sbom,
    expected: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    let path = platform.program_path();
    let Some(file) = contents.get(&path) else {
        return;
    };
    let (crates, runtimes) = match bill::parts(platform, file.bytes) {
        Ok(parts) => parts,
        Err(cause) => {
            findings.push(refuse("program-crates", &path, cause));
            return;
        }
    };
    let listed: BTreeSet<&str> = sbom.parts(&path).iter().map(String::as_str).collect();
    let mut found: BTreeSet<String> = crates.iter().map(bill::Crate::reference).collect();
    found.extend(runtimes.into_iter().map(|runtime| runtime.reference));
    if crates.iter().any(|one| one.name == SQLITE_CRATE) {
        found.extend(sqlite(&listed, file.bytes));
    }
    compare("sbom-crates", &path, &listed, &found, findings);
    described(sbom, &path, file.bytes, findings);
    expected.extend(found);
    expected.insert(path);
}

/// Programs without crates beside one that has some: what is in them is not known, and a bill that agrees with that is no
/// proof. cargo-auditable writes its list in another way for each format.
fn unlisted(contents: &PackageContents) -> Vec<Finding> {
    let programs = Platform::ALL.map(Platform::program_path).into_iter();
    let has_crates = |path: &String| {
        let program = contents.get(path).map(|file| bill::crates(file.bytes));
        // A list that cannot be read is another finding.
        program.map(|crates| crates.is_err() || crates.is_ok_and(|crates| !crates.is_empty()))
    };
    let (listing, silent): (Vec<_>, Vec<_>) = programs
        .filter_map(|path| Some((has_crates(&path)?, path)))
        .partition(|(has_crates, _)| *has_crates);
    if listing.is_empty() {
        return Vec::new();
    }
    let cause = || "it does not list the crates in it, as the other programs do".to_owned();
    let refused = silent
        .iter()
        .map(|(_, path)| refuse("program-crates", path, cause()));
    refused.collect()
}

/// The SQLite that is listed, if its version is in the program.
fn sqlite(listed: &BTreeSet<&str>, program: &[u8]) -> Option<String> {
    let one = listed.iter().find(|reference| reference.starts_with(SQLITE));
    let Some(reference) = one else {
        return Some(format!("{SQLITE}*"));
    };
    let version = reference.strip_prefix(SQLITE).unwrap_or_default();
    let is_there = memmem::find(program, format!("{version}\0").as_bytes()).is_some();
    is_there.then(|| (*reference).to_owned())
}

fn python(
    contents: &PackageContents,
    sbom: &Sbom,
    expected: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    for lock in package::locks(contents) {
        let path = package::lock_path(lock.feature);
        let listed = sbom.parts(&path).iter().map(String::as_str).collect();
        let found: BTreeSet<String> = lock.distributions.iter().map(bill::purl).collect();
        compare("sbom-python", &path, &listed, &found, findings);
        described(sbom, &path, lock.text, findings);
        expected.extend(found);
        expected.insert(path);
    }
    if let Some((name, bytes)) = package::wheel(contents) {
        let path = format!("assets/python/{name}");
        findings.extend(wheel(contents, name, bytes));
        described(sbom, &path, bytes, findings);
        expected.insert(path);
    }
}

/// The wheel's own bill names the locks beside it, by digest, and what they pin. A wheel that cannot be read is reported
/// with the assets.
fn wheel(contents: &PackageContents, name: &str, bytes: &[u8]) -> Vec<Finding> {
    let code = "wheel-sbom";
    let Ok(filename) = name.parse::<WheelFilename>() else {
        return Vec::new();
    };
    let path = format!("{}/{WHEEL_SBOM}", filename.dist_info());
    let Ok(mut archive) = Archive::open(Cursor::new(bytes), &Limits::default()) else {
        return Vec::new();
    };
    let entry = archive.entries().iter().find(|entry| entry.path.as_str() == path);
    let Some(entry) = entry.cloned() else {
        return vec![refuse(code, name, format!("it has no `{path}`"))];
    };
    let Ok(text) = archive.read(&entry, Limits::default().entry_bytes) else {
        return Vec::new();
    };
    let sbom: Sbom = match serde_json::from_slice(&text) {
        Ok(sbom) => sbom,
        Err(error) => return vec![refuse(code, name, format!("`{path}`: {error}"))],
    };
    let mut findings = Vec::new();
    for lock in package::locks(contents) {
        let file = lock.feature.lock_file();
        let listed = sbom.parts(file).iter().map(String::as_str).collect();
        let found = lock.distributions.iter().map(bill::purl).collect();
        compare(code, file, &listed, &found, &mut findings);
        let digest = Sha256Digest::of(lock.text);
        let is_of = |component: &Component| component.hashes.iter().any(|hash| hash.content == digest);
        if !sbom.component(file).is_some_and(is_of) {
            findings.push(refuse(code, name, format!("`{path}` is about another {file}")));
        }
    }
    findings
}

/// No part more and none less, and each of them is described.
fn compare(
    code: &'static str,
    path: &str,
    listed: &BTreeSet<&str>,
    found: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    let missing: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|one| !listed.contains(one))
        .collect();
    let surplus: Vec<&str> = listed
        .iter()
        .copied()
        .filter(|one| !found.contains(*one))
        .collect();
    for (parts, cause) in [
        (missing, "the bill does not list its"),
        (surplus, "it does not have what the bill lists,"),
    ] {
        if !parts.is_empty() {
            findings.push(refuse(code, path, format!("{cause} {}", parts.join(", "))));
        }
    }
}

/// The bill has the file, by its digest.
fn described(sbom: &Sbom, path: &str, bytes: &[u8], findings: &mut Vec<Finding>) {
    let digest = Sha256Digest::of(bytes);
    let is_there = sbom
        .component(path)
        .is_some_and(|component| component.hashes.iter().any(|hash| hash.content == digest));
    if !is_there {
        let cause = "the bill does not have its SHA-256 digest".to_owned();
        findings.push(refuse("sbom-digest", path, cause));
    }
}

/// Every component in a program, but for those of this project, has a heading in the notices.
fn notices(contents: &PackageContents, sbom: &Sbom) -> Option<Finding> {
    let file = contents.get(NOTICES)?;
    let text = String::from_utf8_lossy(file.bytes);
    let lines: BTreeSet<&str> = text.lines().collect();
    let in_programs: BTreeSet<&String> = Platform::ALL
        .into_iter()
        .flat_map(|platform| sbom.parts(&platform.program_path()))
        .collect();
    let missing: Vec<String> = sbom
        .components
        .iter()
        .filter(|component| component.kind == ComponentKind::Library && component.purl.is_some())
        .filter(|component| in_programs.contains(&component.reference))
        .map(heading)
        .filter(|heading| !lines.contains(heading.as_str()))
        .collect();
    (!missing.is_empty()).then(|| {
        let cause = format!("it has no licence text for {}", missing.join(", "));
        refuse("notices-incomplete", NOTICES, cause)
    })
}

fn refuse(code: &'static str, path: &str, cause: String) -> Finding {
    Finding::error(code, format!("failed to accept `{path}`: {cause}")).with_hint("run: cargo xtask build")
}
