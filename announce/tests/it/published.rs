//! Each statement of the registry that is wrong is named by its own code; each has a twin that passes.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use ktx_announce::published::{ClaimStatus, Trust, fetch};
use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_publish::artifacts::integrity_of;
use ktx_publish::provenance::trust_root;
use ktx_publish::registry::Registry;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tiny_http::{Response, Server};

const P256_HEADER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
const VERSION: &str = "1.2.3";

/// What the registry says, open to change before it is asked.
struct Statements {
    bytes: Vec<u8>,
    document: Value,
    /// Null for a registry without keys.
    keys: Value,
    attestations: Value,
    trusted_root: String,
    required: bool,
}

impl Statements {
    fn new() -> Self {
        let bytes = tarball();
        let integrity = integrity_of(&bytes).0;
        let (key, signature) = signed(&format!("@kaelio/ktx@{VERSION}:{integrity}"));
        let document = json!({
            "name": "@kaelio/ktx",
            "dist-tags": {"latest": VERSION},
            "time": {VERSION: "2031-01-31T00:00:00.000Z"},
            "versions": {VERSION: {"dist": {
                "integrity": integrity,
                "unpackedSize": 2,
                "fileCount": 1,
                "signatures": [{"keyid": "SHA256:one", "sig": signature}],
                "attestations": {"url": "[REGISTRY]-/npm/v1/attestations/@kaelio%2fktx@1.2.3"},
                "tarball": "[REGISTRY]ktx.tgz",
            }}},
        });
        let keys = json!({"keys": [{"keyid": "SHA256:one", "keytype": "ecdsa-sha2-nistp256", "key": key, "expires": null}]});
        let authority = Authority::default();
        let answer = authority.answer(&bytes, &Claims::of(VERSION, &"0".repeat(40)), Flaw::None);
        Self {
            attestations: serde_json::from_str(&answer).unwrap(),
            trusted_root: authority.trusted_root(),
            required: true,
            bytes,
            document,
            keys,
        }
    }

    fn dist(&mut self) -> &mut Value {
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
        let lines = published.checks.iter().filter_map(|check| match &check.verdict {
            ClaimStatus::Passed => None,
            ClaimStatus::Failed { code, .. } => Some(code.to_string()),
            ClaimStatus::NotChecked { why } => Some(format!("not checked: {why}")),
        });
        lines.collect()
    }
}

fn tarball() -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(2);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, "package/package.json", b"{}".as_slice())
        .unwrap();
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

fn attestation(version: &str, bytes: &[u8]) -> Value {
    let digest = STANDARD
        .decode(integrity_of(bytes).0.trim_start_matches("sha512-"))
        .unwrap();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let statement = json!({"subject": [{"name": format!("pkg:npm/%40kaelio/ktx@{version}"), "digest": {"sha512": digest}}]});
    json!({"bundle": {"dsseEnvelope": {"payload": STANDARD.encode(statement.to_string())}}})
}

#[track_caller]
fn check(change: impl FnOnce(&mut Statements), expected: &[&str]) {
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
    check(|it| it.keys = Value::Null, &["not checked: it has no keys"]);
    check(
        |it| {
            let dist = it.dist().as_object_mut().unwrap();
            dist.retain(|key, _| !["unpackedSize", "fileCount", "attestations"].contains(&key.as_str()));
        },
        &[
            "not checked: the registry does not say",
            "not checked: the registry does not say",
            "not checked: the version has none",
            "provenance-missing",
        ],
    );
    check(
        |it| {
            it.required = false;
            drop(it.dist().as_object_mut().unwrap().remove("attestations"));
        },
        &[
            "not checked: the version has none",
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
            "attestation-subject",
            "provenance-subject",
        ],
    );
    check(
        |it| drop(it.dist().as_object_mut().unwrap().remove("integrity")),
        &["integrity-missing", "signature-invalid"],
    );
    check(|it| it.dist()["unpackedSize"] = json!(3), &["size-differs"]);
    check(|it| it.dist()["fileCount"] = json!(2), &["file-count-differs"]);
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
        &["signature-invalid"],
    );
    check(
        |it| it.dist()["signatures"][0]["sig"] = json!("!"),
        &["signature-invalid"],
    );
    check(
        |it| it.keys["keys"][0]["keytype"] = json!("rsa"),
        &["signature-invalid"],
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
        &["signature-key-expired"],
    );
}

#[test]
fn attestations_of_something_else() {
    check(
        |it| it.attestations["attestations"][0] = attestation("1.2.4", &tarball()),
        &["attestation-subject", "provenance-unreadable"],
    );
    check(
        |it| it.attestations["attestations"][0] = attestation(VERSION, b"other"),
        &["attestation-subject", "provenance-unreadable"],
    );
    check(
        |it| it.attestations["attestations"] = json!([]),
        &["attestation-subject", "provenance-missing"],
    );
    check(
        |it| it.attestations = json!({"attestations": [{"bundle": {"dsseEnvelope": {"payload": "e30="}}}]}),
        &["attestation-subject", "provenance-unreadable"],
    );
    check(
        |it| it.dist()["attestations"]["url"] = json!("[REGISTRY]elsewhere"),
        &["attestation-missing", "provenance-missing"],
    );
}

/// What the authority signs is about the right bytes; only who had it signed, and how, is wrong.
#[test]
fn a_build_of_somebody_else_is_named_by_its_code() {
    let signed = |change: fn(&mut Claims), flaw: Flaw, expected: &[&str]| {
        check(
            |it| {
                let authority = Authority::default();
                let mut claims = Claims::of(VERSION, &"0".repeat(40));
                change(&mut claims);
                let answer = authority.answer(&it.bytes, &claims, flaw);
                it.attestations = serde_json::from_str(&answer).unwrap();
                it.trusted_root = authority.trusted_root();
            },
            expected,
        );
    };
    signed(|_| {}, Flaw::None, &[]);
    signed(
        |claims| claims.repository = "https://github.com/eve/ktx".to_owned(),
        Flaw::None,
        &["provenance-repository"],
    );
    signed(
        |claims| claims.workflow = ".github/workflows/ci.yml".to_owned(),
        Flaw::None,
        &["provenance-workflow"],
    );
    signed(
        |claims| claims.reference = "refs/heads/fix".to_owned(),
        Flaw::None,
        &["provenance-ref"],
    );
    signed(|_| {}, Flaw::ForgedSignature, &["provenance-signature"]);
    signed(|_| {}, Flaw::Expired, &["provenance-expired"]);
    signed(|_| {}, Flaw::NotLogged, &["provenance-log"]);
    // Another authority than the trusted one.
    check(
        |it| it.trusted_root = Authority::default().trusted_root(),
        &["provenance-log"],
    );
}
