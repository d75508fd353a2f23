//! The files that a daemon's output is appended to, kept from growing without end.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::Error;
use crate::layout::Layout;
use ktx_system::files;

/// A log that is larger when a daemon starts becomes the one older generation that is kept.
const MAX_BYTES: u64 = 5 << 20;

/// Opens both logs for appending, as standard output and standard error of a child.
pub fn open(layout: &Layout) -> Result<(Stdio, Stdio), Error> {
    Ok((
        append(&layout.daemon_stdout_path)?,
        append(&layout.daemon_stderr_path)?,
    ))
}

/// Cuts logs that grew too large under a running daemon. It appends, so it continues at the new end.
pub fn cap(layout: &Layout) {
    for path in [&layout.daemon_stdout_path, &layout.daemon_stderr_path] {
        if is_too_large(path) && fs_err::copy(path, older(path)).is_ok() {
            let emptied = fs_err::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|file| file.set_len(0));
            // A log that cannot be cut is cut by the next command.
            let _ = emptied;
        }
    }
}

/// The last line that is not blank, for a message.
pub fn last_line(path: &Path) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};

    const WINDOW: u64 = 4096;
    let mut file = fs_err::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(WINDOW))).ok()?;
    let mut bytes = Vec::new();
    file.take(WINDOW).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .map(str::to_owned)
}

fn append(path: &Path) -> Result<Stdio, Error> {
    if is_too_large(path) {
        fs_err::rename(path, older(path))?;
    }
    let mut options = fs_err::OpenOptions::new();
    let file = files::private_file(options.append(true).create(true)).open(path)?;
    Ok(Stdio::from(file.into_file()))
}

fn is_too_large(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|found| found.len() > MAX_BYTES)
}

fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_older_generation_is_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let layout = Layout::under_root(
            crate::HostPlatform::CURRENT,
            directory.path(),
            "v",
            Path::new("/a"),
        );
        fs_err::create_dir(&layout.version_dir).expect("a directory");
        fs_err::write(&layout.daemon_stdout_path, vec![b'x'; 5 << 20]).expect("a log");
        fs_err::write(&layout.daemon_stderr_path, vec![b'y'; (5 << 20) + 1]).expect("a log");
        open(&layout).expect("opened");
        let size = |path: &Path| fs_err::metadata(path).map(|found| found.len()).ok();
        assert_eq!(
            size(&layout.daemon_stdout_path),
            Some(5 << 20),
            "at the limit it stays"
        );
        assert_eq!(size(&layout.daemon_stderr_path), Some(0));
        assert_eq!(size(&older(&layout.daemon_stderr_path)), Some((5 << 20) + 1));

        fs_err::write(&layout.daemon_stderr_path, vec![b'z'; (5 << 20) + 2]).expect("a log");
        cap(&layout);
        assert_eq!(size(&layout.daemon_stderr_path), Some(0));
        assert_eq!(size(&older(&layout.daemon_stderr_path)), Some((5 << 20) + 2));
    }

    #[test]
    fn the_last_line_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        assert_eq!(last_line(&path), None);
        fs_err::write(&path, format!("{}\nfirst\nlast \n\n", "x".repeat(9000))).expect("a log");
        assert_eq!(last_line(&path).as_deref(), Some("last"));
    }
}
