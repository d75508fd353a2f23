//! Each statement of the registry that is wrong is named by its own code; each has a twin that passes.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use ktx_announce::published::{ClaimStatus, Published, Trust, fetch};
use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_manifest::sbom::{Component, ComponentKind, Property, REVISION, Sbom};
use ktx_publish::artifacts::integrity_of;
use ktx_publish::provenance::trust_root;
use ktx_publish::registry::Registry;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tiny_http::{Response, Server};

const P256_HEADER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
pub const VERSION: &str = "1.2.3";
const COMMIT: &str = "c0ffee0000000000000000000000000000000000";

/// What the registry says, open to change before it is asked.
pub struct Statements {
    pub bytes: Vec<u8>,
    document: Value,
    /// Null for a registry without keys.
    keys: Value,
    pub attestations: Value,
    authority: Authority,
    pub trusted_root: String,
    pub required: bool,
}

impl Statements {
    pub fn new() -> Self {
        let bytes = tarball();
        let authority = Authority::default();
        let document = json!({
            "name": "@kaelio/ktx",
            "dist-tags": {"latest": VERSION},
            "time": {VERSION: "2031-01-31T00:00:00.000Z"},
            "versions": {VERSION: {"dist": {
                "integrity": integrity_of(&bytes).0,
                "unpackedSize": 2 + bill().len(),
                "fileCount": 2,
                "signatures": [authority.registry_signature(VERSION, &bytes)],
                "attestations": {"url": "[REGISTRY]-/npm/v1/attestations/@kaelio%2fktx@1.2.3"},
                "tarball": "[REGISTRY]ktx.tgz",
            }}},
        });
        let mut statements = Self {
            keys: authority.registry_keys(),
            attestations: Value::Null,
            trusted_root: authority.trusted_root(),
            authority,
            required: true,
            bytes,
            document,
        };
        let build = statements.build(|_| {}, Flaw::None);
        statements.attest(&[statements.publication(VERSION, Flaw::None), build]);
        statements
    }

    pub fn attest(&mut self, attestations: &[Value]) {
        self.attestations = json!({"attestations": attestations});
    }

    pub fn publication(&self, version: &str, flaw: Flaw) -> Value {
        self.authority.publication(&self.bytes, version, flaw)
    }

    pub fn build(&self, change: fn(&mut Claims), flaw: Flaw) -> Value {
        let mut claims = Claims::of(VERSION, COMMIT);
        change(&mut claims);
        self.authority.attestation(&self.bytes, &claims, flaw)
    }

    pub fn dist(&mut self) -> &mut Value {
        &mut self.document["versions"][VERSION]["dist"]
    }

    /// Serves the statements, asks, and returns the code of each check that failed and the claims not checked.
    fn judged(self) -> Vec<String> {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}/", server.server_addr());
        let text = |value: &Value| value.to_string().replace("[REGISTRY]", &url).into_bytes();
        let mut answers = BTreeMap::from([
            ("/@kaelio%2fktx".to_owned(), text(&self.document)),
            ("/ktx.tgz".to_owned(), self.bytes.clone()),
            (
                "/-/npm/v1/attestations/@kaelio%2fktx@1.2.3".to_owned(),
                text(&self.attestations),
            ),
        ]);
        if !self.keys.is_null() {
            answers.insert("/-/npm/v1/keys".to_owned(), text(&self.keys));
        }
        let requests = Arc::clone(&server);
        let thread = std::thread::spawn(move || {
            for request in requests.incoming_requests() {
                let (status, body) = match answers.get(request.url()) {
                    Some(body) => (200, body.clone()),
                    None => (404, b"{\"error\": \"Not found\"}".to_vec()),
                };
                let length = body.len();
                let header = "content-type: application/json".parse().unwrap();
                let response =
                    Response::new(status.into(), vec![header], Cursor::new(body), Some(length), None);
                let _ = request.respond(response);
            }
        });
        let registry = Registry::at(url.parse().unwrap(), None);
        let trust = Trust {
            root: trust_root(Some(&self.trusted_root)).unwrap(),
            required: self.required,
        };
        let published = fetch(&registry, "latest", &trust).unwrap();
        server.unblock();
        thread.join().unwrap();
        failures(&published)
    }
}

/// The code of each check that failed, and the reason of each that was not made.
pub fn failures(published: &Published) -> Vec<String> {
    let lines = published.checks.iter().filter_map(|check| match &check.verdict {
        ClaimStatus::Passed => None,
        ClaimStatus::Failed { code, .. } => Some(code.to_string()),
        ClaimStatus::NotChecked { why } => Some(format!("not checked: {why}")),
    });
    lines.collect()
}

fn tarball() -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    for (path, content) in [
        ("package/package.json", "{}"),
        ("package/assets/sbom.cdx.json", &bill()),
    ] {
        header.set_size(content.len() as u64);
        archive
            .append_data(&mut header, path, content.as_bytes())
            .unwrap();
    }
    let mut gzip = archive.into_inner().unwrap();
    gzip.flush().unwrap();
    gzip.finish().unwrap()
}

/// A new key in SubjectPublicKeyInfo, and its signature of a message.
fn signed(message: &str) -> (String, String) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
    let mut key = STANDARD.decode(P256_HEADER).unwrap();
    key.truncate(26);
    key.extend(pair.public_key().as_ref());
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    (STANDARD.encode(key), STANDARD.encode(signature))
}

/// A bill of materials that names the commit.
fn bill() -> String {
    let mut of = Component::new(ComponentKind::Application, "ktx", "ktx");
    of.properties.push(Property {
        name: REVISION.to_owned(),
        value: COMMIT.to_owned(),
    });
    Sbom::new(of, Vec::new(), Vec::new()).to_text()
}

#[track_caller]
pub fn check(change: impl FnOnce(&mut Statements), expected: &[&str]) {
    let mut statements = Statements::new();
    change(&mut statements);
    assert_eq!(statements.judged(), expected);
}

#[test]
fn what_is_right_passes() {
    check(|_| {}, &[]);
}

#[test]
fn what_the_registry_does_not_offer_is_not_called_passed() {
    check(
        |it| it.keys = Value::Null,
        &[
            "not checked: it has no keys",
            "not checked: no keys of the registry are known",
        ],
    );
    check(
        |it| it.attest(&[it.build(|_| {}, Flaw::None)]),
        &["not checked: the registry has no attestation of the publication"],
    );
    check(
        |it| {
            let dist = it.dist().as_object_mut().unwrap();
            dist.retain(|key, _| !["unpackedSize", "fileCount", "attestations"].contains(&key.as_str()));
        },
        &[
            "not checked: the registry does not say",
            "not checked: the registry does not say",
            "not checked: the version has no attestation about its build",
            "provenance-missing",
        ],
    );
    check(
        |it| {
            it.required = false;
            drop(it.dist().as_object_mut().unwrap().remove("attestations"));
        },
        &[
            "not checked: the version has no attestation about its build",
            "not checked: the version has no attestation about its build",
        ],
    );
}

#[test]
fn bytes_and_sizes_that_differ() {
    check(
        |it| it.bytes.push(0),
        &[
            "integrity-differs",
            "tarball-unreadable",
            "publication-subject",
            // The commit of a package that cannot be read is unknown.
            "provenance-commit",
        ],
    );
    check(
        |it| drop(it.dist().as_object_mut().unwrap().remove("integrity")),
        &["integrity-missing", "signature-invalid"],
    );
    check(|it| it.dist()["unpackedSize"] = json!(2), &["size-differs"]);
    check(|it| it.dist()["fileCount"] = json!(3), &["file-count-differs"]);
}

#[test]
fn signatures_that_are_missing_of_something_else_or_by_somebody_else() {
    check(|it| it.dist()["signatures"] = json!([]), &["signature-missing"]);
    check(
        |it| it.dist()["signatures"][0]["keyid"] = json!("SHA256:two"),
        &["signature-key-unknown"],
    );
    let other = signed("@kaelio/ktx@1.2.4:sha512-other");
    check(
        |it| it.dist()["signatures"][0]["sig"] = json!(other.1),
        &["signature-invalid"],
    );
    check(
        |it| it.keys["keys"][0]["key"] = json!(other.0),
        &["signature-invalid", "publication-signature"],
    );
    check(
        |it| it.dist()["signatures"][0]["sig"] = json!("!"),
        &["signature-invalid"],
    );
    check(
        |it| it.keys["keys"][0]["keytype"] = json!("rsa"),
        &["signature-invalid", "publication-key"],
    );
    check(
        |it| it.keys["keys"][0]["expires"] = json!("2031-01-30T00:00:00.000Z"),
        &["signature-key-expired"],
    );
    check(
        |it| it.keys["keys"][0]["expires"] = json!("2031-02-01T00:00:00.000Z"),
        &[],
    );
    check(
        |it| it.keys["keys"][0]["expires"] = json!("soon"),
        &["signature-key-expired", "publication-key"],
    );
}
