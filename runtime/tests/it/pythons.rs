//! Both ends of Python: the oldest that the payload takes and the newest that is found.

use std::path::{Path, PathBuf};
use std::process::Command;

use ktx_runtime::StatusKind;

use crate::sandbox::{Sandbox, tools};

/// Interpreters to test with, the oldest first: those that `KTX_TEST_PYTHONS` lists as a search path, else pyenv's
/// versions and `python3.x` on `PATH`.
pub fn interpreters() -> Vec<PathBuf> {
    let listed = std::env::var_os("KTX_TEST_PYTHONS").map(|list| std::env::split_paths(&list).collect());
    let mut found: Vec<((u32, u32), PathBuf)> = listed
        .unwrap_or_else(|| candidates().collect::<Vec<PathBuf>>())
        .into_iter()
        .filter_map(|python| Some((version(&python)?, python)))
        .filter(|(version, _)| *version >= (3, 11))
        .collect();
    found.sort();
    found.dedup_by_key(|(version, _)| *version);
    found.into_iter().map(|(_, python)| python).collect()
}

fn candidates() -> impl Iterator<Item = PathBuf> {
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".pyenv")))
        .and_then(|root| fs_err::read_dir(root.join("versions")).ok());
    let of_pyenv = pyenv
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/python3")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|directory| !directory.ends_with("shims"))
        .collect();
    let on_path = directories
        .into_iter()
        .flat_map(|directory| (11..20).map(move |minor| directory.join(format!("python3.{minor}"))));
    of_pyenv.chain(on_path).filter(|python| python.is_file())
}

pub fn version(python: &Path) -> Option<(u32, u32)> {
    let output = Command::new(python)
        .args(["-I", "-c", "import sys; print(*sys.version_info[:2])"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[test]
fn the_payload_runs_on_both_ends_of_python() {
    let all = interpreters();
    let (Some(oldest), Some(newest)) = (all.first(), all.last()) else {
        panic!("no Python 3.11 or newer: install one, or list some in KTX_TEST_PYTHONS")
    };
    assert_eq!(
        version(oldest),
        Some((3, 11)),
        "the oldest Python that the payload takes is not here: {all:?}"
    );
    for python in [oldest, newest] {
        let directory = python.parent().expect("a directory");
        let path =
            std::env::join_paths([directory, Path::new("/usr/bin"), Path::new("/bin")]).expect("a path");
        // Which interpreters were tested is part of the result.
        let (major, minor) = version(python).expect("a version");
        let mut stderr = std::io::stderr();
        let _ = std::io::Write::write_all(
            &mut stderr,
            format!("tested: Python {major}.{minor} at {}\n", python.display()).as_bytes(),
        );

        let sandbox = Sandbox::with_payload().set("PATH", path);
        sandbox.install();
        assert_eq!(sandbox.runtime().status().kind, StatusKind::Ready);
        let installed = version(&sandbox.runtime().layout().python_path);
        assert_eq!(installed, Some((major, minor)));
        let started = sandbox
            .runtime()
            .start(&crate::sandbox::start(ktx_runtime::StartMode::Reuse))
            .expect("it starts");
        assert_eq!(started.daemon.package_version(), tools::package_version());
        sandbox.runtime().stop().expect("it stops");
    }
}
