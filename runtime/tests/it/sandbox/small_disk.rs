//! A file system of a few megabytes, for what happens when it is full. Only an administrator can mount one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmounts when it goes.
pub struct SmallDisk(PathBuf);

/// A file system of this many bytes at a new directory. `None`, said aloud, where nothing can be mounted; an error where
/// nothing may be skipped.
pub fn mount(at: &Path, bytes: u64) -> Option<SmallDisk> {
    fs_err::create_dir_all(at).expect("a directory");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
        .arg(at)
        .output()
        .is_ok_and(|output| output.status.success());
    if mounted {
        return Some(SmallDisk(at.to_owned()));
    }
    assert!(
        std::env::var_os("KTX_TEST_NO_SKIP").is_none(),
        "no file system can be mounted here: run as administrator"
    );
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        b"skipped: no file system can be mounted here\n",
    );
    None
}

impl SmallDisk {
    /// Makes it read-only (`ro`) or writable (`rw`).
    pub fn remount(&self, mode: &str) {
        let remounted = Command::new("mount")
            .args(["-o", &format!("remount,{mode}")])
            .arg(&self.0)
            .status();
        assert!(
            remounted.is_ok_and(|status| status.success()),
            "the file system cannot be remounted"
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
