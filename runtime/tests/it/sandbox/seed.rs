//! One installation of the real payload, made once, copied to every test that needs an installed runtime.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ktx_runtime::{InstallMode, Interrupt, Runtime};

use super::{Sandbox, VERSION, core};

/// Copies the installation below another root: a runtime is relocatable.
pub fn copy_to(root: &Path) {
    copy_tree(&installed().join(VERSION), &root.join(VERSION));
}

/// The root of the installation, which is kept for as long as the test program runs.
fn installed() -> &'static Path {
    static SEED: OnceLock<PathBuf> = OnceLock::new();
    SEED.get_or_init(|| {
        let sandbox = Sandbox::with_payload();
        let root = super::tools::workspace()
            .join("target/test-cache")
            .join(format!("seed-{}", std::process::id()));
        let sandbox = sandbox.set("KTX_RUNTIME_ROOT", &root);
        sweep_older(&root);
        let runtime = Runtime::new(sandbox.environment(), VERSION, Interrupt::new()).expect("a root");
        runtime
            .install(&core(InstallMode::IfNeeded))
            .expect("the payload installs");
        root
    })
}

/// Statics are not dropped, so the installations of earlier test programs are removed here.
fn sweep_older(seed: &Path) {
    let cache = seed.parent().expect("a parent");
    fs_err::create_dir_all(cache).expect("the cache");
    for entry in fs_err::read_dir(cache).expect("the cache").filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix("seed-") else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).expect("a directory");
    for entry in fs_err::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            copy_tree(&entry.path(), &target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs_err::read_link(entry.path()).expect("a link"), target)
                .expect("a link");
        } else {
            let modified = entry.metadata().expect("metadata").modified().expect("a time");
            fs_err::copy(entry.path(), &target).expect("a copy");
            // Compiled bytecode is valid for the time its source was written.
            let times = std::fs::FileTimes::new().set_modified(modified);
            fs_err::OpenOptions::new()
                .append(true)
                .open(&target)
                .expect("a file")
                .file()
                .set_times(times)
                .expect("a time");
        }
    }
}
