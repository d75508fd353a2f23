//! The files that quote the one version: the workspace's manifest, its lock file, and the release policy.
//!
//! Edits text to text; everything but the version stays as it is, to the byte.

use ktx_policy::{ReleaseVersion, release_policy};
use toml_edit::DocumentMut;

/// The version at `[workspace.package] version` of a workspace's `Cargo.toml`.
pub fn workspace_version(manifest: &str) -> Result<ReleaseVersion, VersionFileError> {
    let document = parse("Cargo.toml", manifest)?;
    let version = document
        .get("workspace")
        .and_then(|item| item.get("package")?.get("version")?.as_str());
    let version = version.ok_or(VersionFileError::Shape {
        file: "Cargo.toml",
        wanted: "[workspace.package] version",
    })?;
    Ok(version.parse()?)
}

/// `Cargo.toml` with another version.
pub fn set_in_manifest(manifest: &str, version: &ReleaseVersion) -> Result<String, VersionFileError> {
    let mut document = parse("Cargo.toml", manifest)?;
    let found = document
        .get_mut("workspace")
        .and_then(|item| item.get_mut("package")?.get_mut("version"));
    let missing = VersionFileError::Shape {
        file: "Cargo.toml",
        wanted: "[workspace.package] version",
    };
    let value = found.and_then(|item| item.as_value_mut()).ok_or(missing)?;
    replace(value, version);
    Ok(document.to_string())
}

/// `Cargo.lock` with another version for every package of the workspace: those without a source that carry `from`.
pub fn set_in_lock(
    lock: &str,
    from: &ReleaseVersion,
    to: &ReleaseVersion,
) -> Result<String, VersionFileError> {
    let mut document = parse("Cargo.lock", lock)?;
    let packages = document
        .get_mut("package")
        .and_then(|item| item.as_array_of_tables_mut());
    let packages = packages.ok_or(VersionFileError::Shape {
        file: "Cargo.lock",
        wanted: "[[package]]",
    })?;
    for package in packages
        .iter_mut()
        .filter(|package| !package.contains_key("source"))
    {
        let value = package.get_mut("version").and_then(|item| item.as_value_mut());
        if let Some(value) = value.filter(|value| value.as_str() == Some(&from.to_string())) {
            replace(value, to);
        }
    }
    Ok(document.to_string())
}

/// `release-policy.json` with another version for the smoke of the published package.
pub fn set_in_policy(policy: &str, version: &ReleaseVersion) -> Result<String, VersionFileError> {
    let range = release_policy::text_range(policy, &["publishedPackageSmoke", "version"]);
    let wanted = "publishedPackageSmoke.version";
    let range = range.ok_or(VersionFileError::Shape {
        file: "release-policy.json",
        wanted,
    })?;
    let mut text = policy.to_owned();
    text.replace_range(range, &format!("\"{version}\""));
    Ok(text)
}

fn parse(file: &'static str, text: &str) -> Result<DocumentMut, VersionFileError> {
    text.parse()
        .map_err(|source| VersionFileError::Syntax { file, source })
}

/// The value, with the comment and the blanks around it kept.
fn replace(value: &mut toml_edit::Value, version: &ReleaseVersion) {
    let decor = value.decor().clone();
    *value = version.to_string().into();
    *value.decor_mut() = decor;
}

/// Why a file's version cannot be read or set.
#[derive(Debug, thiserror::Error)]
pub enum VersionFileError {
    /// The file is not TOML.
    #[error("failed to read `{file}`: {source}")]
    Syntax {
        /// Which file.
        file: &'static str,
        /// Why.
        source: toml_edit::TomlError,
    },
    /// The file does not have its version where it should.
    #[error("failed to read `{file}`: it has no {wanted}")]
    Shape {
        /// Which file.
        file: &'static str,
        /// What is missing.
        wanted: &'static str,
    },
    /// The version is not valid.
    #[error(transparent)]
    Version(#[from] ktx_policy::InvalidVersion),
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"0.1.0-rc.0\" # the one\nedition = \"2024\"\n";
    const LOCK: &str = "# generated\nversion = 4\n\n[[package]]\nname = \"ktx\"\nversion = \"0.1.0-rc.0\"\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0-rc.0\"\nsource = \"registry\"\n\n[[package]]\nname = \"path\"\nversion = \"2.0.0\"\n";

    #[test]
    fn sets_the_version_and_nothing_else() {
        let (from, to) = ("0.1.0-rc.0".parse().unwrap(), "0.1.0-rc.1".parse().unwrap());
        assert_eq!(workspace_version(MANIFEST).unwrap(), from);
        assert_eq!(
            set_in_manifest(MANIFEST, &to).unwrap(),
            MANIFEST.replace("rc.0", "rc.1")
        );
        assert_eq!(
            set_in_lock(LOCK, &from, &to).unwrap(),
            LOCK.replacen("rc.0", "rc.1", 1)
        );
        let policy =
            "{\n  \"publishedPackageSmoke\":   {\"version\":\"0.1.0-rc.0\" , \"other\": \"0.1.0-rc.0\"}\n}";
        assert_eq!(
            set_in_policy(policy, &to).unwrap(),
            policy.replacen("rc.0", "rc.1", 1)
        );
    }

    #[test]
    fn refuses_files_of_another_shape() {
        let version = "0.1.0".parse().unwrap();
        assert!(set_in_manifest("[package]\nversion = \"1.0.0\"", &version).is_err());
        assert!(set_in_manifest("[workspace", &version).is_err());
        assert!(set_in_lock("version = 4", &version, &version).is_err());
        assert!(set_in_policy("{}", &version).is_err());
        assert!(workspace_version("[workspace]").is_err());
        assert!(workspace_version("[workspace.package]\nversion = \"1\"").is_err());
    }
}
