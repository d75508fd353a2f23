//! The version of a release in Python's spelling.
//!
//! The workspace has one version, a SemVer one; the wheel carries its [PEP 440] form. Only forms that keep apart
//! what SemVer keeps apart are mapped. Which version comes next is decided elsewhere.
//!
//! [PEP 440]: https://packaging.python.org/en/latest/specifications/version-specifiers/

use pep440_rs::{LocalSegment, Prerelease, PrereleaseKind, Version};

/// A SemVer version that has no form in PEP 440.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnmappableVersion {
    #[error("Unsupported public npm build metadata for Python runtime version: {0}")]
    BuildMetadata(semver::Version),
    #[error("Unsupported public npm prerelease for Python runtime version: {0}")]
    Prerelease(semver::Version),
}

impl UnmappableVersion {
    /// What to change.
    pub fn hint(&self) -> &'static str {
        "use X.Y.Z, X.Y.Z-rc.N or, for a branch, X.Y.Z-<slug>.N with a slug of lower-case words joined by dashes"
    }
}

/// `1.2.3` → `1.2.3`, `1.2.3-rc.4` → `1.2.3rc4`, `1.2.3-my-fix.4` → `1.2.3.dev4+my.fix`.
pub fn python_version(version: &semver::Version) -> Result<Version, UnmappableVersion> {
    if !version.build.is_empty() {
        return Err(UnmappableVersion::BuildMetadata(version.clone()));
    }
    let release = Version::new([version.major, version.minor, version.patch]);
    if version.pre.is_empty() {
        return Ok(release);
    }
    let (slug, number) =
        prerelease(version.pre.as_str()).ok_or_else(|| UnmappableVersion::Prerelease(version.clone()))?;
    if slug == "rc" {
        return Ok(release.with_pre(Some(Prerelease {
            kind: PrereleaseKind::Rc,
            number,
        })));
    }
    let local = local_segments(slug).ok_or_else(|| UnmappableVersion::Prerelease(version.clone()))?;
    Ok(release.with_dev(Some(number)).with_local(local))
}

/// Exactly a slug and a number: `rc.4`, `my-fix.4`.
fn prerelease(identifiers: &str) -> Option<(&str, u64)> {
    let (slug, number) = identifiers.split_once('.')?;
    Some((slug, number.parse().ok()?))
}

/// The words of a slug as segments of a local version label.
///
/// Upper case, empty words and numbers with leading zeros do not make a slug: PEP 440 would normalise them, and two
/// branches could then share a wheel's version.
fn local_segments(slug: &str) -> Option<Vec<LocalSegment>> {
    slug.split('-').map(local_segment).collect()
}

fn local_segment(word: &str) -> Option<LocalSegment> {
    if word.is_empty()
        || !word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        return None;
    }
    if !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(LocalSegment::String(word.to_owned()));
    }
    let number: u64 = word.parse().ok()?;
    (number.to_string() == word).then_some(LocalSegment::Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, expected: Option<&str>) {
        let parsed = semver::Version::parse(version).expect("the table holds SemVer versions");
        let mapped = python_version(&parsed).ok().map(|version| version.to_string());
        assert_eq!(mapped.as_deref(), expected, "{version}");
    }

    #[test]
    fn versions_map_to_pep_440_or_are_refused() {
        check("0.1.0", Some("0.1.0"));
        check("1.2.3", Some("1.2.3"));
        check("0.1.0-rc.0", Some("0.1.0rc0"));
        check("1.2.3-rc.10", Some("1.2.3rc10"));
        check("0.5.0-my-fix.1", Some("0.5.0.dev1+my.fix"));
        check("0.5.0-fix-12.3", Some("0.5.0.dev3+fix.12"));
        check("0.5.0-alpha.1", Some("0.5.0.dev1+alpha"));
        check("0.5.0-rc-2.1", Some("0.5.0.dev1+rc.2"));

        check("1.2.3+build.5", None);
        check("1.2.3-rc.1+build", None);
        check("1.2.3-rc", None);
        check("1.2.3-rc.x", None);
        check("1.2.3-rc.1.2", None);
        check("1.2.3-4", None);
        check("1.2.3-My-Fix.1", None);
        check("1.2.3-my--fix.1", None);
        check("1.2.3--fix.1", None);
        check("1.2.3-fix-.1", None);
        check("1.2.3-fix-007.1", None);
        check("1.2.3-fix.18446744073709551616", None);
    }

    #[test]
    fn what_is_mapped_is_already_in_normal_form() {
        for version in ["0.1.0", "0.1.0-rc.0", "0.5.0-my-fix.1", "0.5.0-fix-12.3"] {
            let mapped = python_version(&semver::Version::parse(version).expect("valid")).expect("mappable");
            let parsed: Version = mapped.to_string().parse().expect("PEP 440 reads its own form");
            assert_eq!(parsed, mapped);
            assert_eq!(parsed.to_string(), mapped.to_string());
        }
    }

    #[test]
    fn a_refusal_names_the_version_and_the_reason() {
        let refusal = |version: &str| {
            python_version(&semver::Version::parse(version).expect("valid"))
                .expect_err("unmappable")
                .to_string()
        };
        assert_eq!(
            refusal("1.2.3-beta"),
            "Unsupported public npm prerelease for Python runtime version: 1.2.3-beta"
        );
        assert_eq!(
            refusal("1.2.3+5"),
            "Unsupported public npm build metadata for Python runtime version: 1.2.3+5"
        );
    }
}
