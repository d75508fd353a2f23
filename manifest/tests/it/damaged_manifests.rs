//! Every damaged asset manifest is refused with its code and its message, and its twin passes.

use ktx_fixtures::damaged_manifests;
use ktx_fixtures::sample_assets::SampleAssets;
use ktx_manifest::{AssetError, BundledAssets, Feature, VerifiedAssets};

fn verify(assets: &SampleAssets) -> Result<VerifiedAssets, AssetError> {
    let folder = tempfile::tempdir().unwrap();
    assets.write_to(folder.path());
    BundledAssets::load(folder.path())?.verify()
}

#[test]
fn refuses_every_damaged_manifest_and_takes_its_twin() {
    let rows = damaged_manifests::all();
    assert!(rows.len() >= 60, "only {} damaged manifests", rows.len());
    let mut faults = Vec::new();
    for row in &rows {
        match verify(&row.damaged()) {
            Ok(_) => faults.push(format!("{}: was taken", row.name)),
            Err(error) if error.code() != row.code || !error.to_string().contains(row.message) => {
                faults.push(format!(
                    "{}: expected {} {:?}, got {} {error}",
                    row.name,
                    row.code,
                    row.message,
                    error.code()
                ));
            }
            Err(_) => {}
        }
        if let Err(error) = verify(&row.twin()) {
            faults.push(format!("{}: its twin was refused: {error}", row.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn hands_out_what_was_verified() {
    let verified = verify(&SampleAssets::default()).unwrap();
    assert_eq!(verified.manifest().version().to_string(), "0.1.0rc0");
    for feature in Feature::ALL {
        let lock = format!("# The sample needs nothing for {feature}.\n");
        assert_eq!(verified.requirements([feature]), lock.into_bytes());
    }
    assert_eq!(verified.requirements(Feature::ALL), b"");
    assert!(
        verified
            .wheel_path()
            .ends_with("kaelio_ktx-0.1.0rc0-py3-none-any.whl")
    );
}

#[test]
fn says_in_three_lines_that_a_manifest_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = BundledAssets::load(folder.path()).expect_err("there is no manifest");
    let text = error
        .to_string()
        .replace(&folder.path().display().to_string(), "[DIR]");
    insta::assert_snapshot!(text, @"
    Missing bundled Python runtime manifest: [DIR]/manifest.json
    In a source checkout, build the local runtime assets with: cargo xtask build
    Then retry the runtime-backed ktx command.
    ");
}

#[cfg(unix)]
#[test]
fn does_not_wait_for_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(folder.path().join("manifest.json")).unwrap();
    let error = BundledAssets::load(folder.path()).expect_err("a socket is no manifest");
    assert_eq!(error.code(), "asset-unreadable");
}
