//! Judges of the package and its tarball.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use fs_err as fs;
use ktx_release::package::PackageContents;
use serde::Deserialize;

use super::tools::{accepted, empty, node_tool, rejected};
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
