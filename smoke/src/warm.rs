//! Fills the toolchain's own uv cache once, so that the scenarios measure the package and not the network.
//!
//! The cache is in `target/`; each run copies it before anything is started with it. When filling fails, the
//! scenarios go to the network by themselves and say what is wrong.

use std::fs::TryLockError;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::options::Options;
use crate::sandbox::{Ended, Interrupted, Invocation, Sandbox, copy_tree};
use crate::tarball;

/// How often a waiting run looks.
const GLANCE: Duration = Duration::from_millis(50);

/// The locks whose requirements the scenarios install; embeddings are gigabytes.
const LOCKS: [&str; 3] = ["core.txt", "duckdb.txt", "mysql.txt"];

/// The requirements are about 60 MB to download.
const DEADLINE: Duration = Duration::from_secs(300);

/// A copy of the cache in the run's folder, where there is something to copy. A package that is not there yet, because
/// a registry has it, finds what earlier runs have left.
pub fn seed(
    options: &Options,
    run: &Utf8Path,
    interrupted: Interrupted<'_>,
) -> std::io::Result<Option<Utf8PathBuf>> {
    fs::create_dir_all(&options.warm_cache)?;
    let Some(_alone) = lock(&options.warm_cache.join(".lock"), interrupted)? else {
        return Ok(None);
    };
    let cache = options.warm_cache.join("uv");
    let stamp = options.warm_cache.join("filled");
    if let Some(requirements) = requirements(&options.package.tarball) {
        let digest = format!("{:x?}", Sha256::digest(requirements.concat()));
        if !fs::read_to_string(&stamp).is_ok_and(|filled| filled == digest)
            && fill(options, run, &requirements, &cache, interrupted)?
        {
            fs::write(&stamp, digest)?;
        }
    }
    if !cache.exists() {
        return Ok(None);
    }
    let seed = run.join("uv-seed");
    copy_tree(&cache, &seed)?;
    Ok(Some(seed))
}

/// What the package's runtime is made of; a damaged package has nothing.
fn requirements(tarball: &Utf8Path) -> Option<Vec<Vec<u8>>> {
    let lock = |name: &str| {
        let path = format!("package/assets/python/{name}");
        Some(tarball::find(tarball, |found| found == path).ok()??.1)
    };
    LOCKS.iter().map(|name| lock(name)).collect()
}

/// Waits for another run that fills the cache; an interruption ends the waiting with nothing.
fn lock(path: &Utf8Path, interrupted: Interrupted<'_>) -> std::io::Result<Option<fs::File>> {
    let file = fs::File::create(path)?;
    loop {
        match file.file().try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if interrupted() => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(GLANCE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn fill(
    options: &Options,
    run: &Utf8Path,
    requirements: &[Vec<u8>],
    cache: &Utf8Path,
    interrupted: Interrupted<'_>,
) -> std::io::Result<bool> {
    let sandbox = Sandbox::create(&run.join("warm"), &options.machine)?;
    let mut install = Invocation::new("uv")
        .words("pip install --no-deps --require-hashes --only-binary :all: --target installed");
    for (name, requirements) in LOCKS.iter().zip(requirements) {
        let file = sandbox.work().join(name);
        fs::write(&file, requirements)?;
        install = install.arg("--requirement").arg(file.as_str());
    }
    let install = install.with("UV_CACHE_DIR", cache.as_str()).deadline_of(DEADLINE);
    let filled = sandbox
        .run(&install, interrupted)
        .is_ok_and(|said| said.ended == Ended::Exit(0));
    sandbox.remove()?;
    Ok(filled)
}
