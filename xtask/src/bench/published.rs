//! `verify-published` of the package in `dist/`, on a registry of this machine that signs and attests.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use fs_err as fs;
use ktx_fixtures::authority::Authority;
use ktx_fixtures::registry_proxy::Signing;
use ktx_manifest::artifact_manifest::{ARTIFACT_MANIFEST_FILE, ArtifactKind, ArtifactManifest};
use ktx_names::NPM_PACKAGE;
use ktx_publish::artifacts::integrity_of;
use serde_json::json;

use super::SpeedComparison;
use super::measure::{Contestant, compare};
use super::release::answer_requests;
use crate::exit::{Exit, Failure};
use crate::session::Session;
use crate::sources;

const ROUNDS: usize = 7;

pub fn measure(session: &Session<'_>) -> Result<SpeedComparison> {
    let xtask = std::env::current_exe()?;
    let artifacts = session.dist()?.join("artifacts");
    let manifest = fs::read(artifacts.join(ARTIFACT_MANIFEST_FILE))?;
    let manifest: ArtifactManifest = serde_json::from_slice(&manifest)?;
    let file = manifest
        .file(ArtifactKind::Tarball)
        .context("the artifact manifest names no tarball")?;
    let bytes = fs::read(file.path.under(artifacts.as_std_path()))?;
    let Some(revision) = &manifest.source_revision else {
        return Err(Failure::new(
            Exit::Prerequisite,
            "the artifacts name no commit, so their provenance cannot be right",
        )
        .hint("commit, then cargo xtask build")
        .into());
    };
    let authority = Authority::default();
    let version = sources::version(session)?.to_string();
    let signing = Signing::of(&authority, &bytes, &version, revision);
    let url = serve(&signing, &version, bytes)?;
    let scratch = tempfile::tempdir()?;
    let trusted = scratch.path().join("trusted_root.json");
    fs::write(&trusted, authority.trusted_root())?;
    let root = session.root()?;
    let verify = || {
        let mut verify = Command::new(&xtask);
        verify.args(["verify-published", "--registry", &url, "--trusted-root"]);
        verify.arg(&trusted).current_dir(root);
        Ok(verify)
    };
    let name = format!(
        "a package of {:.0} MB, signed and attested",
        file.bytes as f64 / 1e6
    );
    let taken = compare(&mut [Contestant::new(&name, verify)], ROUNDS)?;
    SpeedComparison::new("verify-published", "1,000 ms", taken)
}

/// A registry with one version, as long as the process runs.
fn serve(signing: &Signing, version: &str, bytes: Vec<u8>) -> Result<String> {
    let signed = signing
        .versions
        .get(version)
        .context("the version is not signed")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let dist = json!({
        "tarball": format!("{url}package.tgz"),
        "integrity": integrity_of(&bytes),
        "signatures": [signed.signature],
        "attestations": {"url": format!("{url}attestations")},
    });
    let packument = json!({
        "name": NPM_PACKAGE,
        "dist-tags": {"latest": version},
        "versions": {version: {"dist": dist}},
    });
    let attestations = json!({"attestations": signed.attestations});
    let keys = json!(signing.keys);
    let answers = BTreeMap::from([
        ("/@kaelio%2fktx", packument.to_string().into_bytes()),
        ("/attestations", attestations.to_string().into_bytes()),
        ("/-/npm/v1/keys", keys.to_string().into_bytes()),
        ("/package.tgz", bytes),
    ]);
    thread::spawn(move || answer_requests(&listener, |path| answers.get(path).map(Vec::as_slice)));
    Ok(url)
}
