//! The folder that npm runs in: no other user can read it, and the next process removes what a killed one left.

use std::path::Path;
use std::time::Duration;

use fs_err as fs;
use tempfile::TempDir;

use crate::error::{PathError, PublishError};

const PREFIX: &str = "ktx-npm-";

/// Locked as long as its process lives.
const LOCK_FILE: &str = "in-use.lock";

/// A folder without a lock may belong to a process that is just about to take it.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder that is removed with this value.
#[derive(Debug)]
pub(super) struct PrivateFolder {
    folder: TempDir,
    _lock: fs::File,
}

impl PrivateFolder {
    pub(super) fn create() -> Result<Self, PublishError> {
        let temporary = std::env::temp_dir();
        sweep(&temporary);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        // The umask alone does not keep others out.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o700));
        }
        let folder = builder
            .tempdir_in(&temporary)
            .map_err(PathError::new("create a folder in", &temporary))?;
        let path = folder.path().join(LOCK_FILE);
        let lock = fs::File::create(&path).map_err(PathError::new("create", &path))?;
        lock.file().lock().map_err(PathError::new("lock", &path))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders whose process is gone. What cannot be removed is another user's, or the next sweep's.
fn sweep(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        let is_own = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_own && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(folder) else {
        return false;
    };
    let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
    if !metadata.is_dir() || age.is_none_or(|age| age < YOUNG) {
        return false;
    }
    match fs::File::open(folder.join(LOCK_FILE)) {
        Ok(lock) => lock.file().try_lock().is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_and_nothing_else() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = |name: &str, age: Duration| {
            let path = temporary.path().join(name);
            fs::create_dir(&path).expect("a folder");
            let lock = fs::File::create(path.join(LOCK_FILE)).expect("a lock");
            let time = SystemTime::now() - age;
            fs::File::open(&path)
                .and_then(|file| file.file().set_modified(time))
                .expect("an age");
            lock
        };
        let hour = Duration::from_secs(3600);
        let running = folder("ktx-npm-running", hour);
        running.file().lock().expect("a lock");
        drop(folder("ktx-npm-killed", hour));
        drop(folder("ktx-npm-young", Duration::ZERO));
        drop(folder("another-npm-folder", hour));
        sweep(temporary.path());
        let mut left: Vec<_> = fs::read_dir(temporary.path())
            .expect("entries")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .collect();
        left.sort();
        assert_eq!(left, ["another-npm-folder", "ktx-npm-running", "ktx-npm-young"]);
    }
}
