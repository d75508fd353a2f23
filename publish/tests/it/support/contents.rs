//! What is in the package of a small release: a program, the locks, and the bill of materials that fits them.

use ktx_manifest::package_layout::NOTICES;
use ktx_manifest::sbom::{Component, ComponentKind, Dependency, REVISION as REVISION_PROPERTY, SBOM, Sbom};
use ktx_manifest::{Feature, LockFile, Sha256Digest};

use super::release::REVISION;

const PROGRAM_PATH: &str = "native/linux-x64/ktx";
const PROGRAM: &[u8] = b"a program, ktx-build-mark:release:rustc 1.95.0:end";

/// The files of a package beside its `package.json`.
pub fn files(version: &str) -> Vec<(String, Vec<u8>)> {
    let locks = Feature::ALL.map(|feature| (format!("assets/python/{}", feature.lock_file()), lock()));
    let mut files = vec![
        (PROGRAM_PATH.to_owned(), PROGRAM.to_vec()),
        (SBOM.to_owned(), bill(version).into_bytes()),
        (NOTICES.to_owned(), Vec::new()),
    ];
    files.extend(locks.map(|(path, text)| (path, text.into_bytes())));
    let in_tarball = |(path, bytes)| (format!("package/{path}"), bytes);
    files.into_iter().map(in_tarball).collect()
}

/// The bill of materials of such a package.
pub fn bill(version: &str) -> String {
    let distribution = "pkg:pypi/lkml@1.3.7";
    let of = Component::new(ComponentKind::Application, "package", "@kaelio/ktx").of_version(version);
    let file = |path: &str, bytes: &[u8]| {
        let digest = Sha256Digest::of(bytes);
        Component::new(ComponentKind::File, path, path).with_sha256([digest])
    };
    let locks = Feature::ALL.map(|feature| format!("assets/python/{}", feature.lock_file()));
    let mut components = vec![
        Component::new(ComponentKind::Library, distribution, "lkml"),
        file(PROGRAM_PATH, PROGRAM),
    ];
    components.extend(locks.iter().map(|path| file(path, lock().as_bytes())));
    let dependencies = locks.map(|reference| Dependency {
        reference,
        depends_on: vec![distribution.to_owned()],
    });
    let of = of.with_property(REVISION_PROPERTY, REVISION);
    Sbom::new(of, components, dependencies.into()).to_text()
}

/// A lock file as `cargo xtask lock` writes it.
fn lock() -> String {
    let lock = LockFile {
        inputs: Sha256Digest::of("what the resolver was given"),
        uploaded_before: "2021-01-01T00:00:00Z".parse().unwrap(),
        pins: "lkml==1.3.7 \\\n    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    };
    lock.to_string()
}
