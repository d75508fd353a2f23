//! Judges of the package and its tarball.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

use fs_err as fs;
use ktx_manifest::archive::{Archive, Limits};
use ktx_manifest::sbom::{SBOM, Sbom};
use ktx_release::package::PackageContents;
use serde::Deserialize;

use super::tools::{accepted, empty, node_tool, python_tool, rejected};
use super::{VERSION, built};

#[test]
fn publint_has_nothing_to_say() {
    let (_guard, folder) = empty();
    accepted(
        node_tool("publint").arg("--strict").arg(&built().package),
        &folder,
    );
    let damaged = folder.join("damaged");
    fs::create_dir(&damaged).expect("a folder can be made");
    let json = r#"{"name": "damaged", "version": "1.0.0", "main": "./absent.js"}"#;
    fs::write(damaged.join("package.json"), json).expect("it can be written");
    rejected(node_tool("publint").args(["--strict", "damaged"]), &folder);
}

#[derive(Deserialize)]
struct Packed {
    name: String,
    version: String,
    filename: String,
    files: Vec<PackedFile>,
}

#[derive(Deserialize)]
struct PackedFile {
    path: String,
    size: u64,
    mode: u32,
}

#[test]
fn npm_would_pack_the_same_files() {
    let (_guard, folder) = empty();
    let mut npm = Command::new("npm");
    let said = accepted(
        npm.args(["pack", "--dry-run", "--json"]).arg(&built().package),
        &folder,
    );
    let [packed] = serde_json::from_str::<[Packed; 1]>(&said).expect("npm describes one package");
    assert_eq!(
        (packed.name.as_str(), packed.version.as_str()),
        ("@kaelio/ktx", VERSION)
    );
    assert_eq!(packed.filename, format!("kaelio-ktx-{VERSION}.tgz"));
    let theirs: BTreeMap<_, _> = packed
        .files
        .into_iter()
        .map(|file| (file.path, (file.size, file.mode & 0o777)))
        .collect();
    let tarball = fs::File::open(&built().tarball).expect("the tarball is there");
    let contents = PackageContents::unpack(tarball, "kaelio-ktx.tgz").expect("a sound tarball");
    let ours: BTreeMap<_, _> = contents
        .iter()
        .map(|(path, file)| (path.to_owned(), (file.bytes.len() as u64, file.mode.bits())))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn npm_installs_one_package_with_its_command_and_runs_nothing() {
    let (_guard, folder) = empty();
    fs::write(folder.join("package.json"), r#"{"private": true}"#).expect("it can be written");
    let mut npm = Command::new("npm");
    npm.args(["install", "--offline", "--no-audit", "--no-fund"])
        .arg(&built().tarball);
    accepted(&mut npm, &folder);
    let modules = folder.join("node_modules");
    let installed: BTreeSet<_> = fs::read_dir(&modules)
        .expect("something was installed")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        installed,
        [".bin", ".package-lock.json", "@kaelio"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(
        fs::read_dir(modules.join("@kaelio")).expect("a folder").count(),
        1
    );
    // The stand-in for the program cannot run; that the launcher finds and starts it is what counts.
    let info = "import('@kaelio/ktx').then((ktx) => console.log(ktx.getKtxCliPackageInfo().version))";
    assert_eq!(
        accepted(Command::new("node").args(["-e", info]), &folder).trim(),
        VERSION
    );
    let path = "import('@kaelio/ktx').then((ktx) => console.log(ktx.ktxBinaryPath()))";
    assert!(accepted(Command::new("node").args(["-e", path]), &folder).contains("native"));
    assert!(
        modules
            .join(".bin")
            .join(if cfg!(windows) { "ktx.cmd" } else { "ktx" })
            .exists()
    );
}

/// Validates by the schema of CycloneDX, then reads every component and dependency.
const VALIDATE: &str = r#"
import json, sys
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = sys.stdin.read()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if error:
    sys.exit(str(error)[:2000])
bom = Bom.from_json(json.loads(text))
print(len(bom.components), len(bom.dependencies))
"#;

/// What the library for CycloneDX says about a bill: the number of its components and dependencies.
#[track_caller]
fn validated(bill: &[u8]) -> Result<String, String> {
    let mut python = python_tool("python");
    python.args(["-c", VALIDATE]);
    python
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = python.spawn().expect("it starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(bill)
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn the_library_for_cyclonedx_reads_both_bills() {
    let tarball = fs::File::open(&built().tarball).expect("the tarball is there");
    let contents = PackageContents::unpack(tarball, "kaelio-ktx.tgz").expect("a sound tarball");
    let bill = contents.get(SBOM).expect("it is there").bytes.to_vec();
    let sbom: Sbom = serde_json::from_slice(&bill).expect("a bill");
    // The root is a component too, and what depends on nothing is a dependency too.
    let said = validated(&bill).expect("it is valid");
    assert!(said.starts_with(&format!("{} ", sbom.components.len())), "{said}");
    let (_, wheel) = contents
        .below("assets/python")
        .find(|(name, _)| name.ends_with(".whl"))
        .expect("it is there");
    let mut archive = Archive::open(Cursor::new(wheel.bytes), &Limits::default()).expect("a wheel");
    let entry = archive
        .entries()
        .iter()
        .find(|entry| entry.path.as_str().contains("/sboms/"));
    let entry = entry.expect("it has a bill").clone();
    let bill = archive.read(&entry, 1 << 20).expect("it can be read");
    validated(&bill).expect("it is valid");
    let damaged = String::from_utf8(bill)
        .expect("text")
        .replace("\"library\"", "\"labrary\"");
    assert!(validated(damaged.as_bytes()).is_err());
}
