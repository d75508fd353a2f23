//! Fills the toolchain's own uv cache once, so that the scenarios measure the package and not the network.
//!
//! The cache lies in `target/`; each run copies it before anything is started with it. When filling fails, the
//! scenarios go to the network by themselves and say what is wrong.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::options::Options;
use crate::sandbox::{Ended, Interrupted, Invocation, Sandbox, copy_tree};
use crate::tarball;

/// The core requirements are about 30 MB to download.
const DEADLINE: Duration = Duration::from_secs(300);

/// A copy of the cache in the run's folder, where there is something to copy.
pub fn seed(
    options: &Options,
    run: &Utf8Path,
    interrupted: Interrupted<'_>,
) -> std::io::Result<Option<Utf8PathBuf>> {
    let Ok(Some((_, requirements))) = tarball::find(&options.package.tarball, |path| {
        path.starts_with("package/assets/python/") && path.ends_with("core.txt")
    }) else {
        return Ok(None);
    };
    fs::create_dir_all(&options.warm_cache)?;
    let lock = fs::File::create(options.warm_cache.join(".lock"))?;
    lock.file().lock()?;
    let cache = options.warm_cache.join("uv");
    let stamp = options.warm_cache.join("filled");
    let digest = format!("{:x?}", Sha256::digest(&requirements));
    if !fs::read_to_string(&stamp).is_ok_and(|filled| filled == digest)
        && fill(options, run, &requirements, &cache, interrupted)?
    {
        fs::write(&stamp, digest)?;
    }
    if !cache.exists() {
        return Ok(None);
    }
    let seed = run.join("uv-seed");
    copy_tree(&cache, &seed)?;
    Ok(Some(seed))
}

fn fill(
    options: &Options,
    run: &Utf8Path,
    requirements: &[u8],
    cache: &Utf8Path,
    interrupted: Interrupted<'_>,
) -> std::io::Result<bool> {
    let sandbox = Sandbox::create(&run.join("warm"), &options.machine)?;
    let file = sandbox.work().join("core.txt");
    fs::write(&file, requirements)?;
    let install = Invocation::new("uv")
        .words("pip install --require-hashes --only-binary :all: --target installed --requirement")
        .arg(file.as_str())
        .with("UV_CACHE_DIR", cache.as_str())
        .deadline_of(DEADLINE);
    let filled = sandbox
        .run(&install, interrupted)
        .is_ok_and(|said| said.ended == Ended::Exit(0));
    sandbox.remove()?;
    Ok(filled)
}
