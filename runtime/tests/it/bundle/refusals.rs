//! What is not a good bundle for this version, machine and lock is refused before anything is written.

use std::io::Read;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ktx_fixtures::bundle_inputs::{UV_FILE, uv_wheel};
use ktx_fixtures::sample_assets::hex;
use ktx_fixtures::sample_wheel::{SampleWheel, dependency};
use ktx_manifest::runtime_bundle::{BUNDLE_FOLDER, BundleManifest};
use ktx_runtime::{Error, Feature, InstallMode, Interrupt, Platform, Runtime};

use super::Bench;
use crate::sandbox::{Sandbox, core, tools};

/// The reason for which a bundle is refused, by `verify` and by `install`, which leaves nothing behind.
#[track_caller]
fn refusal(bench: &Bench, bundle: &Path) -> String {
    let sandbox = bench.bare();
    let verified = sandbox
        .runtime()
        .verify_bundle(bundle)
        .expect_err("verify refuses it");
    let installed = sandbox
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), bundle)
        .expect_err("install refuses it");
    assert_eq!(verified.to_string(), installed.to_string());
    assert!(!sandbox.version_dir().exists(), "{installed}");
    assert!(!sandbox.root().join("uv").exists() && !sandbox.root().join("python").exists());
    let leftovers = sandbox.root_entries().into_iter().filter(|name| name != ".locks");
    assert_eq!(leftovers.collect::<Vec<_>>(), Vec::<String>::new(), "{installed}");
    installed.to_string()
}

#[test]
fn a_bundle_for_something_else_is_refused_by_what_it_is_for() {
    let bench = Bench::new();
    let bundle = bench.create().path;
    let other = Runtime::new(bench.bare().environment(), "0.2.0", Interrupt::new()).expect("a root");
    let error = other.verify_bundle(&bundle).expect_err("another version");
    assert!(
        error
            .to_string()
            .ends_with("it is a bundle of ktx 0.1.0-rc.0, and this is ktx 0.2.0"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .expect("a hint")
            .contains("ktx runtime bundle create"),
        "{error}"
    );

    let sandbox = bench.bare();
    let mut request = core(InstallMode::IfNeeded);
    request.features = ktx_runtime::FeatureSet::from(Feature::LocalEmbeddings);
    let error = sandbox
        .runtime()
        .install_from(&request, &bundle)
        .expect_err("core alone");
    assert!(
        error
            .to_string()
            .contains("it holds the requirements of core, not those of local-embeddings"),
        "{error}"
    );

    let elsewhere = if Platform::host() == Some(Platform::LinuxX64) {
        Platform::Win32X64
    } else {
        Platform::LinuxX64
    };
    let foreign = bench
        .connected
        .runtime()
        .create_bundle(&bench.request(&[elsewhere]))
        .expect("a bundle");
    let error = sandbox
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), &foreign.path)
        .expect_err("another platform");
    assert!(
        error
            .to_string()
            .contains(&format!("it is for {elsewhere}, and this machine is")),
        "{error}"
    );

    // The same version with another lock.
    let sandbox = Sandbox::with_sample().unset("KTX_UV");
    let error = sandbox
        .runtime()
        .verify_bundle(&foreign.path)
        .expect_err("another lock");
    assert!(error.to_string().contains("other locked requirements"), "{error}");
}

#[test]
fn files_that_are_no_bundles_are_named() {
    let bench = Bench::new();
    let at = |name: &str, bytes: &[u8]| {
        let path = bench.connected.path().join(name);
        fs_err::write(&path, bytes).expect("written");
        path
    };
    let npm = archive(
        "package",
        &[("package.json", b"{\"name\": \"@kaelio/ktx\"}".to_vec())],
    );
    let other = archive("somebody", &[("file", Vec::new())]);
    for (name, bytes, reason) in [
        ("npm.tgz", npm, "it is an npm package, not a runtime bundle"),
        (
            "x.whl",
            uv_wheel(&tools::uv()),
            "it is a zip archive, not a runtime bundle",
        ),
        ("text", b"text".to_vec(), "it is not compressed with gzip"),
        ("empty", Vec::new(), "it is not compressed with gzip"),
        ("other.tgz", other, "it is not below `ktx-runtime/`"),
    ] {
        let refused = refusal(&bench, &at(name, &bytes));
        assert!(refused.contains(reason) && refused.contains(name), "{refused}");
    }
    let missing = bench
        .bare()
        .runtime()
        .verify_bundle(&bench.connected.path().join("nothing"));
    assert!(missing.expect_err("nothing").to_string().contains("nothing"));
}

#[test]
fn every_damage_is_found() {
    let bench = Bench::new();
    let good = fs_err::read(bench.create().path).expect("the bundle");
    let sandbox = bench.bare();
    let path = bench.connected.path().join("damaged");
    let content = inflated(&good);
    let refused = |bytes: &[u8], what: &str| {
        fs_err::write(&path, bytes).expect("written");
        match sandbox.runtime().verify_bundle(&path) {
            Err(Error::Bundle { .. }) => {}
            // Padding between blocks means nothing, and nor do level and system in gzip's header.
            Ok(_) => assert_eq!(inflated(bytes), content, "{what}"),
            Err(error) => panic!("{what}: {error}"),
        }
    };
    for step in 0..150 {
        let at = step * good.len() / 150;
        let mut changed = good.clone();
        changed[at] ^= 1 << (step % 8);
        refused(&changed, &format!("bit {step} of byte {at}"));
        refused(&good[..at], &format!("cut at {at}"));
    }
    refused(&[&good[..], b"\0"].concat(), "a byte more");
    refused(&[&good[..], &good[..]].concat(), "twice");
}

fn inflated(gzip: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(gzip);
    reader.read_to_end(&mut content).expect("it inflates");
    content
}

/// Everything consistent with its own manifest, and not what the package's lock and pin say.
#[test]
fn a_bundle_cannot_vouch_for_itself() {
    let bench = Bench::new();
    let bundle = bench.create().path;
    let alpha = "wheels/alpha-1.0-py3-none-any.whl";
    let uv = format!("uv/{UV_FILE}");
    let (_, forged) = dependency("alpha", "1.0", "py2.py3-none-any");
    let mut forged_uv = SampleWheel::new("9.9.9");
    forged_uv.set("uv-9.9.9.data/scripts/uv", "#!/bin/sh\ntouch /tmp/owned\n");
    let forged_uv = forged_uv.to_bytes();
    #[expect(clippy::type_complexity, reason = "a table")]
    let tricks: [(
        &str,
        &str,
        Box<dyn Fn(&mut Vec<(String, Vec<u8>)>, &mut serde_json::Value)>,
    ); 6] = [
        ("another wheel", "not a wheel that this package's lock names", {
            let forged = forged.clone();
            Box::new(move |files, manifest| replace(files, manifest, alpha, &forged))
        }),
        ("another uv", "is not the uv that this package pins", {
            let uv = uv.clone();
            Box::new(move |files, manifest| replace(files, manifest, &uv, &forged_uv))
        }),
        (
            "one wheel less",
            "it has no wheel of alpha for linux-x64",
            Box::new(move |files, manifest| {
                files.retain(|(path, _)| path != alpha);
                manifest["files"].as_object_mut().expect("files").remove(alpha);
                for platform in ["linux-x64", "win32-x64"] {
                    let wheels = manifest["platforms"][platform]["wheels"].as_array_mut();
                    wheels.expect("wheels").retain(|wheel| wheel != alpha);
                }
            }),
        ),
        (
            "a file more",
            "belongs to no platform",
            Box::new(|files, manifest| {
                files.push(("wheels/more-1-py3-none-any.whl".to_owned(), b"more".to_vec()));
                replace(files, manifest, "wheels/more-1-py3-none-any.whl", b"more");
            }),
        ),
        (
            "a file that the manifest does not list",
            "`zzz` is not in its manifest",
            Box::new(|files, _| files.push(("zzz".to_owned(), b"more".to_vec()))),
        ),
        (
            "a listed file that is not there",
            "is missing from it",
            Box::new(move |files, _| files.retain(|(path, _)| path != alpha)),
        ),
    ];
    for (what, reason, trick) in tricks {
        let (mut files, manifest) = unpacked(&bundle);
        let mut manifest = serde_json::from_str(&manifest.to_text()).expect("JSON");
        trick(&mut files, &mut manifest);
        let path = bench.connected.path().join("forged");
        let text = serde_json::to_vec_pretty(&manifest).expect("JSON");
        files.insert(0, ("bundle.json".to_owned(), text));
        let entries: Vec<_> = files
            .iter()
            .map(|(path, bytes)| (&**path, bytes.clone()))
            .collect();
        fs_err::write(&path, archive(BUNDLE_FOLDER, &entries)).expect("written");
        let refused = refusal(&bench, &path);
        assert!(refused.contains(reason), "{what}: {refused}");
    }
    // The control: taking it apart and putting it together does no harm.
    let (files, manifest) = unpacked(&bundle);
    let text = manifest.to_text().into_bytes();
    let mut entries = vec![("bundle.json", text)];
    entries.extend(files.iter().map(|(path, bytes)| (&**path, bytes.clone())));
    let path = bench.connected.path().join("again");
    fs_err::write(&path, archive(BUNDLE_FOLDER, &entries)).expect("written");
    bench.bare().runtime().verify_bundle(&path).expect("it is good");
}

fn replace(files: &mut [(String, Vec<u8>)], manifest: &mut serde_json::Value, path: &str, bytes: &[u8]) {
    let (_, content) = files
        .iter_mut()
        .find(|(known, _)| known == path)
        .expect("it is there");
    *content = bytes.to_vec();
    manifest["files"][path] = serde_json::json!({"sha256": hex(bytes), "bytes": bytes.len()});
}

fn unpacked(bundle: &Path) -> (Vec<(String, Vec<u8>)>, BundleManifest) {
    let mut files = Vec::new();
    let manifest = ktx_manifest::runtime_bundle::read::<std::io::Error>(
        fs_err::File::open(bundle).expect("the bundle"),
        |_| Ok(()),
        |_, entry, content: &mut dyn Read| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            files.push((entry.path.to_string(), bytes));
            Ok(())
        },
    );
    (files, manifest.expect("a good bundle"))
}

fn archive(folder: &str, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_path(format!("{folder}/{path}")).expect("a path");
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        tar.append(&header, &**bytes).expect("memory");
    }
    tar.into_inner().expect("memory").finish().expect("memory")
}
