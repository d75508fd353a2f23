//! Makes another version of a package without building it, by changing the version everywhere.
//!
//! The program carries its version as bytes of a fixed length, so that only versions of that length can be made.

use std::io::{Error, Result};

use ktx_manifest::BuildProfile;
use ktx_manifest::program_marks::{self, BuildMark};
use semver::{Prerelease, Version};
use serde_json::Value;

use super::PackageTree;

const PACKAGE_JSON: &str = "package/package.json";

impl PackageTree {
    /// The version of the package, as npm writes it.
    pub fn version(&self) -> Result<String> {
        self.text_at(PACKAGE_JSON, "version")
    }

    /// The version of the wheel, as Python writes it.
    pub fn python_version(&self) -> Result<String> {
        self.text_at("package/assets/python/manifest.json", "version")
    }

    /// Makes another version of it: of the package, the programs, the wheel, and what is said about the wheel.
    pub fn stamp(&mut self, to: &str) -> Result<()> {
        let from = self.version()?;
        let python = self.python_version()?;
        let python_to = in_python(&python, &from, to)?;
        self.json(PACKAGE_JSON, |package| package["version"] = to.into())?;
        for path in self.programs() {
            self.replace_bytes(&path, from.as_bytes(), to.as_bytes())?;
        }
        self.wheel(|wheel| wheel.stamp(&python, &python_to))?;
        let path = self.wheel_path()?;
        let file = path.rsplit('/').next().unwrap_or_default();
        let file = file.replacen(&python, &python_to, 1);
        let path_to = path.replacen(&python, &python_to, 1);
        self.rename(&path, &path_to)?;
        let wheels = [&path, &path_to].map(|path| path.strip_prefix("package/").unwrap_or(path));
        self.stamp_bill([&from, to], wheels, &python_to)?;
        self.asset_manifest(|manifest| {
            manifest["version"] = python_to.into();
            manifest["wheel"]["file"] = file.into();
        })
    }

    /// Turns a local build into a release: its programs' marks say so, with the same length.
    pub fn mark_for_release(&mut self) -> Result<()> {
        for path in self.programs() {
            let mark = program_marks::build(self.get(&path).unwrap_or_default());
            let Some(local) = mark.filter(|mark| mark.profile != BuildProfile::Release) else {
                continue;
            };
            let mut release = BuildMark {
                profile: BuildProfile::Release,
                ..local.clone()
            };
            let (local, longer) = (local.to_string(), release.to_string().len());
            // The versions stay: what is cut off is of the commit and the day of the compiler.
            let end = release.compiler.find(')').unwrap_or(release.compiler.len());
            let start = end - (longer - local.len());
            release.compiler.replace_range(start..end, "");
            self.replace_bytes(&path, local.as_bytes(), release.to_string().as_bytes())?;
        }
        Ok(())
    }

    fn programs(&self) -> Vec<String> {
        self.paths()
            .filter(|path| path.starts_with("package/native/"))
            .map(str::to_owned)
            .collect()
    }

    fn text_at(&self, path: &str, key: &str) -> Result<String> {
        let document: Value = serde_json::from_slice(self.get(path).unwrap_or_default())?;
        let text = document[key].as_str();
        text.map(str::to_owned)
            .ok_or_else(|| Error::other(format!("`{path}` has no text at `{key}`")))
    }
}

/// What `python`, the form of `from`, becomes for `to`: a stable version is written alike in both, and of another only
/// the numbers differ.
fn in_python(python: &str, from: &str, to: &str) -> Result<String> {
    let numbers = |version: &str| version.split('-').next().unwrap_or_default().to_owned();
    let prerelease = |version: &str| version[numbers(version).len()..].to_owned();
    match prerelease(to) {
        none if none.is_empty() => Ok(to.to_owned()),
        same if same == prerelease(from) => Ok(python.replacen(&numbers(from), &numbers(to), 1)),
        _ => Err(Error::other(format!("a {from} cannot be stamped {to}"))),
    }
}

/// The three numbers of a version, major first.
const NUMBERS: [fn(&mut Version) -> &mut u64; 3] = [
    |version| &mut version.major,
    |version| &mut version.minor,
    |version| &mut version.patch,
];

/// A lower version of the same length: `1.2.3` becomes `0.2.3`.
pub fn earlier_version(version: &str) -> Option<String> {
    let version: Version = version.parse().ok()?;
    NUMBERS
        .iter()
        .find_map(|number| as_long(&version, number, |value| value.checked_sub(1)))
}

/// A higher stable version of the same length: `0.1.0-rc.0` becomes `0.1.100000`, and that `0.1.100001`.
pub fn later_stable_version(version: &str) -> Option<String> {
    let version: Version = version.parse().ok()?;
    if version.pre.is_empty() {
        let mut numbers = NUMBERS.iter().rev();
        return numbers.find_map(|number| as_long(&version, number, |value| value.checked_add(1)));
    }
    let mut stable = version.clone();
    stable.pre = Prerelease::EMPTY;
    let missing = version.to_string().len() - stable.to_string().len();
    let digits = version.patch.to_string().len() + missing;
    stable.patch = 10_u64.checked_pow(u32::try_from(digits).ok()? - 1)?;
    Some(stable.to_string())
}

/// The version in the next line, `X.Y`, when it is as long.
pub fn next_line(version: &str) -> Option<String> {
    let version: Version = version.parse().ok()?;
    as_long(&version, &NUMBERS[1], |value| value.checked_add(1))
}

/// The version with one number changed, when it is as long as before.
fn as_long(
    version: &Version,
    number: &fn(&mut Version) -> &mut u64,
    change: impl Fn(u64) -> Option<u64>,
) -> Option<String> {
    let mut changed = version.clone();
    let value = number(&mut changed);
    *value = change(*value)?;
    let changed = changed.to_string();
    (changed.len() == version.to_string().len()).then_some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_version_is_lower_and_as_long() {
        for (version, earlier) in [
            ("0.1.0-rc.0", Some("0.0.0-rc.0")),
            ("1.2.3", Some("0.2.3")),
            ("10.1.0", Some("10.0.0")),
            ("11.0.0-my-fix.1", Some("10.0.0-my-fix.1")),
            ("0.0.0", None),
            ("10.0.0", None),
        ] {
            assert_eq!(earlier_version(version).as_deref(), earlier);
        }
    }

    #[test]
    fn a_later_stable_version_is_higher_and_as_long() {
        for (version, later) in [
            ("0.1.0-rc.0", Some("0.1.100000")),
            ("0.1.100000", Some("0.1.100001")),
            ("0.1.9", Some("0.2.9")),
            ("1.2.30-my-fix.12", Some("1.2.100000000000")),
            ("9.9.9", None),
        ] {
            assert_eq!(later_stable_version(version).as_deref(), later);
            if let Some(later) = later {
                assert_eq!(later.len(), version.len());
                assert!(later.parse::<Version>().unwrap() > version.parse().unwrap());
            }
        }
    }

    #[test]
    fn the_wheels_version_follows() {
        for (python, from, to, expected) in [
            ("0.1.0rc0", "0.1.0-rc.0", "0.0.0-rc.0", Some("0.0.0rc0")),
            ("0.1.0rc0", "0.1.0-rc.0", "0.1.100000", Some("0.1.100000")),
            ("1.2.3", "1.2.3", "1.2.4", Some("1.2.4")),
            (
                "1.2.3.dev1+my.fix",
                "1.2.3-my-fix.1",
                "0.2.3-my-fix.1",
                Some("0.2.3.dev1+my.fix"),
            ),
            ("1.2.3", "1.2.3", "1.2.3-rc.0", None),
        ] {
            assert_eq!(in_python(python, from, to).ok().as_deref(), expected);
        }
    }
}
