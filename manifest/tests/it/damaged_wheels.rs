//! Every damaged wheel is refused with its code, and its twin passes.

use std::path::Path;

use ktx_fixtures::damaged_wheels;
use ktx_fixtures::sample_assets::SampleAssets;
use ktx_manifest::{AssetError, BundledAssets, VerifiedAssets};

fn verify(assets: &SampleAssets, directory: &Path) -> Result<VerifiedAssets, AssetError> {
    assets.write_to(directory);
    BundledAssets::load(directory)?.verify()
}

/// The error's code, or its findings' when it is about the wheel's inside.
fn codes(error: &AssetError) -> Vec<&str> {
    match error.findings() {
        [] => vec![error.code()],
        findings => findings.iter().map(|finding| finding.code.as_ref()).collect(),
    }
}

#[test]
fn refuses_every_damaged_wheel_and_takes_its_twin() {
    let rows = damaged_wheels::all();
    assert!(rows.len() >= 60, "only {} damaged wheels", rows.len());
    let folder = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match verify(
            &row.damaged_assets(),
            &folder.path().join(format!("damaged-{index}")),
        ) {
            Ok(_) => faults.push(format!("{}: was taken", row.name)),
            Err(error) if codes(&error) != [row.code] => {
                faults.push(format!(
                    "{}: expected {}, got {:?}: {error}",
                    row.name,
                    row.code,
                    codes(&error)
                ));
            }
            Err(_) => {}
        }
        if let Err(error) = verify(&row.twin_assets(), &folder.path().join(format!("twin-{index}"))) {
            faults.push(format!("{}: its twin was refused: {error}", row.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The texts of the contract with users, whole.
#[test]
fn says_what_is_wrong_with_the_wheel() {
    let message_of = |name: &str| {
        let row = damaged_wheels::all()
            .into_iter()
            .find(|row| row.name == name)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let error = verify(&row.damaged_assets(), folder.path()).expect_err(name);
        error
            .to_string()
            .replace(&folder.path().display().to_string(), "[DIR]")
    };
    let prefix = "Unable to read bundled Python runtime wheel metadata: ";
    for (name, message) in [
        (
            "is empty",
            format!("{prefix}it has no end record, so it is not a zip archive or was truncated"),
        ),
        (
            "has a name that climbs",
            format!("{prefix}`../evil.py`: unsafe path `../evil.py`: it has a `.` or `..`"),
        ),
        (
            "has METADATA for another version",
            format!(
                "{prefix}failed to read `METADATA` of the wheel: Version is \"0.1.0rc1\", the file's is 0.1.0rc0"
            ),
        ),
        (
            "has no METADATA",
            "Bundled Python runtime wheel metadata is missing: [DIR]/kaelio_ktx-0.1.0rc0-py3-none-any.whl"
                .to_owned(),
        ),
        (
            "does not say which Python it needs",
            "Bundled Python runtime wheel metadata is missing Requires-Python".to_owned(),
        ),
        (
            "needs a Python without a lower bound",
            "Unsupported bundled Python runtime Requires-Python: <4".to_owned(),
        ),
    ] {
        assert_eq!(message_of(name), message);
    }
}
