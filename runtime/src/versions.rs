//! The version directories under a root, by their names alone; whose they are is for others to prove.

use std::path::{Path, PathBuf};

/// A real directory directly under the root that is named as a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionDirectory {
    /// Under the root as it was given, not as its links resolve.
    pub path: PathBuf,
    pub version: String,
}

/// All of them, sorted by path. A root that is not there has none; links and files are none.
pub fn version_directories(root: &Path) -> Vec<VersionDirectory> {
    let Ok(entries) = fs_err::read_dir(root) else {
        return Vec::new();
    };
    let mut found: Vec<VersionDirectory> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| {
            let version = entry.file_name().to_str().and_then(as_version)?;
            Some(VersionDirectory {
                path: root.join(&version),
                version,
            })
        })
        .collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// The name, when it is written as a version of this program is: three numbers and perhaps a prerelease or a build.
fn as_version(name: &str) -> Option<String> {
    let (core, suffix) = match name.find(['-', '+']) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let numbers: Vec<&str> = core.split('.').collect();
    let is_number = |number: &&str| {
        !number.is_empty() && number.len() < 20 && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    let good_suffix = suffix.len() != 1 && suffix.bytes().all(plain);
    (numbers.len() == 3 && numbers.iter().all(is_number) && good_suffix).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::as_version;

    #[test]
    fn only_versions_are_versions() {
        for name in [
            "0.1.0",
            "0.4.0",
            "10.20.30",
            "0.1.0-rc.0",
            "1.0.0-my-branch.3",
            "1.0.0+build.1",
        ] {
            assert_eq!(as_version(name).as_deref(), Some(name));
        }
        for name in [
            "",
            "uv",
            "1.0",
            "1.0.0.0",
            ".1.0.0",
            "1.0.0-",
            "v1.0.0",
            "1.0.x",
            "1..0",
            "Documents",
            ".ssh",
            "2024",
            "1.0.0-rc 1",
            "1.0.0-../x",
            "python3.11",
        ] {
            assert_eq!(as_version(name), None, "{name}");
        }
    }
}
