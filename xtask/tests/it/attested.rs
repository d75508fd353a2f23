//! Provenance end to end: a published version with its attestations, through `promote` and `verify-published`. Whatever is
//! wrong is refused by both with the same code, and the same version passes once that is repaired.

use fs_err as fs;
use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_fixtures::registry_proxy::{Proxy, Signed, Signing};
use serde_json::{Value, json};

use crate::releaser::Releaser;
use crate::support::tags;

const VERSION: &str = "0.1.1";

const ROOT: &str = "target/trusted_root.json";

const PROMOTE: [&str; 5] = ["promote", "--from", "next", "--to", "latest"];

/// 0.1.1 waits under `next`, proven, and nobody has attested anything about it yet.
struct Published {
    releaser: Releaser,
    proxy: Proxy,
    authority: Authority,
    bytes: Vec<u8>,
    commit: String,
}

impl Published {
    fn new() -> Self {
        let releaser = Releaser::new("0.1.0");
        let proxy = Proxy::before(releaser.registry.port(), &[]);
        releaser.use_registry(&proxy.url());
        releaser.publish("0.1.0");
        releaser.checkout.build(&["version", "set", VERSION]);
        releaser.allow_growth();
        releaser.publish(VERSION);
        releaser.change_policy(|policy| policy["npm"]["provenance"] = json!("required"));
        releaser.prove_published(VERSION);
        let authority = Authority::default();
        releaser.checkout.write(ROOT, authority.trusted_root());
        let tarball = format!("dist/artifacts/npm/kaelio-ktx-{VERSION}.tgz");
        let manifest = releaser.checkout.read("dist/artifacts/manifest.json");
        let manifest: Value = serde_json::from_slice(&manifest).expect("the manifest is JSON");
        Self {
            bytes: releaser.checkout.read(&tarball),
            commit: manifest["sourceRevision"].as_str().expect("a commit").to_owned(),
            releaser,
            proxy,
            authority,
        }
    }

    fn claims(&self) -> Claims {
        Claims::of(VERSION, &self.commit)
    }

    fn signing(&self) -> Signing {
        Signing::of(&self.authority, &self.bytes, VERSION, &self.commit)
    }

    /// From now on the registry has something else about the version.
    fn signs(&self, change: impl FnOnce(&mut Signed)) {
        let mut signing = self.signing();
        change(signing.versions.get_mut(VERSION).expect("it is signed"));
        self.proxy.sign(signing);
    }

    /// From now on it has this about the build.
    fn attests(&self, build: Value) {
        let publication = self.authority.publication(&self.bytes, VERSION, Flaw::None);
        self.signs(|signed| signed.attestations = Some(vec![publication, build]));
    }

    fn runs(&self, arguments: &[&str]) -> String {
        let root = self.releaser.checkout.path(ROOT).display().to_string();
        let arguments = [arguments, &["--trusted-root", &root]].concat();
        self.releaser
            .checkout
            .transcript(self.releaser.checkout.xtask(&arguments))
    }

    #[track_caller]
    fn both_pass(&self, case: &str) {
        for command in [&PROMOTE[..], &["verify-published", "next"]] {
            let said = self.runs(command);
            assert!(said.starts_with("exit 0\n"), "{case}: {said}");
        }
    }

    /// Both refuse with exit 6 and name the code; then the same version passes with what it should have.
    #[track_caller]
    fn both_refuse(&self, case: &str, code: &str) {
        let said = self.runs(&PROMOTE);
        assert!(said.starts_with("exit 6\n"), "{case}: {said}");
        assert!(
            said.contains(&format!("({code}) [provenance-refused]")),
            "{case}: {said}"
        );
        self.fails(case, code);
        self.proxy.sign(self.signing());
        self.both_pass(case);
    }

    #[track_caller]
    fn fails(&self, case: &str, code: &str) {
        let said = self.runs(&["verify-published", "next"]);
        assert!(said.starts_with("exit 6\n"), "{case}: {said}");
        assert!(said.contains(&format!(" [{code}]\n")), "{case}: {said}");
    }
}

#[test]
fn a_build_of_something_else_is_neither_promoted_nor_verified() {
    let published = Published::new();
    published.proxy.sign(published.signing());
    published.both_pass("good");
    type Change = fn(&mut Claims);
    let claims: [(&str, Change); 9] = [
        ("provenance-repository", |it| {
            it.repository = "https://github.com/eve/ktx".into()
        }),
        ("provenance-workflow", |it| {
            it.workflow = ".github/workflows/ci.yml".into()
        }),
        ("provenance-ref", |it| it.reference = "refs/heads/fix".into()),
        ("provenance-ref", |it| it.reference = "refs/tags/main".into()),
        ("provenance-commit", |it| it.commit = "decaf".repeat(8)),
        ("provenance-builder", |it| it.runner = "self-hosted".into()),
        ("provenance-issuer", |it| {
            it.issuer = "https://accounts.example".into()
        }),
        ("provenance-subject", |it| {
            it.subject = "pkg:npm/%40kaelio/ktx@0.1.0".into()
        }),
        ("provenance-subject", |it| {
            it.subject = "pkg:npm/%40eve/ktx@0.1.1".into()
        }),
    ];
    for (code, change) in claims {
        let mut claims = published.claims();
        change(&mut claims);
        published.attests(
            published
                .authority
                .attestation(&published.bytes, &claims, Flaw::None),
        );
        published.both_refuse(&format!("{claims:?}"), code);
    }
    let other_bytes = published
        .authority
        .attestation(b"other bytes", &published.claims(), Flaw::None);
    published.attests(other_bytes);
    published.both_refuse("other bytes", "provenance-subject");
}

#[test]
fn a_forged_proof_is_neither_promoted_nor_verified() {
    let published = Published::new();
    for (flaw, code) in [
        (Flaw::ForgedSignature, "provenance-signature"),
        (Flaw::Expired, "provenance-expired"),
        (Flaw::NotLogged, "provenance-log"),
        (Flaw::ForgedProof, "provenance-log"),
        (Flaw::NoCertificateLog, "provenance-certificate"),
    ] {
        published.attests(
            published
                .authority
                .attestation(&published.bytes, &published.claims(), flaw),
        );
        published.both_refuse(&format!("{flaw:?}"), code);
    }
    for (flaw, version, code) in [
        (Flaw::ForgedSignature, VERSION, "publication-signature"),
        (Flaw::UnknownKey, VERSION, "publication-key"),
        (Flaw::NotLogged, VERSION, "publication-log"),
        (Flaw::None, "0.1.0", "publication-subject"),
    ] {
        let build = published
            .authority
            .attestation(&published.bytes, &published.claims(), Flaw::None);
        let publication = published.authority.publication(&published.bytes, version, flaw);
        published.signs(|signed| signed.attestations = Some(vec![publication, build]));
        published.both_refuse(&format!("{flaw:?} {version}"), code);
    }
    // The signature of the version itself is read by those who verify; what npm installs is compared with the integrity.
    let other = Authority::default().registry_signature(VERSION, &published.bytes);
    published.signs(|signed| signed.signature = Some(other));
    published.fails("signed by another registry", "signature-invalid");
    let root = published.authority.trusted_root();
    let other = Authority::default().trusted_root();
    published.proxy.sign(published.signing());
    published.releaser.checkout.write(ROOT, other);
    published.fails("another authority", "provenance-log");
    published.releaser.checkout.write(ROOT, root);
    published.both_pass("its own authority");
}

#[test]
fn a_version_without_its_attestation_is_not_promoted_until_it_is_there() {
    let published = Published::new();
    for absent in [
        |signed: &mut Signed| *signed = Signed::default(),
        |signed: &mut Signed| signed.attestations = None,
        |signed: &mut Signed| signed.attestations.as_mut().expect("some").truncate(1),
    ] {
        published.signs(absent);
        let said = published.runs(&PROMOTE);
        assert!(said.starts_with("exit 3\n"), "{said}");
        assert!(said.contains("[provenance-missing]\n"), "{said}");
        published.fails("absent", "provenance-missing");
    }
    published.proxy.sign(published.signing());
    let moved = published.runs(&[&PROMOTE[..], &["--execute"]].concat());
    assert!(moved.starts_with("exit 0\n"), "{moved}");
    assert_eq!(tags(&published.proxy.url()), "latest=0.1.1 next=0.1.1");
}

/// What was saved while there was a network is verified without one, and lies no better.
#[test]
fn saved_files_are_verified_without_a_registry() {
    let published = Published::new();
    let save = |name: &str, content: &[u8]| {
        let path = published.releaser.checkout.path(name);
        fs::write(&path, content).expect("a file");
        path.display().to_string()
    };
    let answer = |build: Value| {
        let publication = published
            .authority
            .publication(&published.bytes, VERSION, Flaw::None);
        json!({"attestations": [publication, build]}).to_string()
    };
    let good = published
        .authority
        .attestation(&published.bytes, &published.claims(), Flaw::None);
    let tarball = save("dist/saved.tgz", &published.bytes);
    let saved =
        |bundle: &str| published.runs(&["verify-published", "--tarball", &tarball, "--bundle", bundle]);
    let requests = published.proxy.requests().len();
    let bundle = save("dist/saved.json", answer(good.clone()).as_bytes());
    insta::assert_snapshot!(saved(&bundle), @r"
    exit 0
    --- stdout
    @kaelio/ktx@0.1.1, as saved
    passed: the tarball has one reading only
    not checked: the registry attests that it published these bytes: no keys of the registry are known
    passed: the release workflow of this repository built it, at the commit that the package names
    passed: wheel, locks, programs and manifest in the package agree
    --- stderr
    ");
    let bundle = save("dist/saved.json", good["bundle"].to_string().as_bytes());
    assert!(saved(&bundle).starts_with("exit 0\n"), "one bundle");
    for (flaw, code) in [
        (Flaw::ForgedSignature, "[provenance-signature]"),
        (Flaw::NotLogged, "[provenance-log]"),
    ] {
        let forged = published
            .authority
            .attestation(&published.bytes, &published.claims(), flaw);
        let said = saved(&save("dist/saved.json", answer(forged).as_bytes()));
        assert!(
            said.starts_with("exit 6\n") && said.contains(code),
            "{flaw:?}: {said}"
        );
    }
    let said = saved(&save("dist/saved.json", b"<html>"));
    assert!(
        said.starts_with("exit 6\n") && said.contains("[provenance-unreadable]"),
        "{said}"
    );
    let said = saved(
        &published
            .releaser
            .checkout
            .path("nowhere.json")
            .display()
            .to_string(),
    );
    assert!(said.starts_with("exit 2\n"), "{said}");
    let said = published.runs(&["verify-published", "--tarball", &tarball]);
    assert!(said.contains("[provenance-missing]"), "{said}");
    let said = published.runs(&["verify-published", "0.1.0", "--tarball", &tarball]);
    assert!(
        said.starts_with("exit 2\n") && said.contains("is @kaelio/ktx@0.1.1, not @kaelio/ktx@0.1.0"),
        "{said}"
    );
    assert_eq!(
        published.proxy.requests().len(),
        requests,
        "no registry was asked"
    );
}
