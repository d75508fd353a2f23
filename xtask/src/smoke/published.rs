//! Which package of which registry to prove: the command line, else the environment, else the policy.

use std::collections::BTreeMap;

use anyhow::Result;
use fs_err as fs;
use ktx_policy::release_policy::{self, PublishedPackageSmoke};
use ktx_smoke::Published;

use crate::exit::{Exit, Failure};
use crate::session::Session;

const PACKAGE: &str = "KTX_PUBLISHED_KTX_PACKAGE";
const VERSION: &str = "KTX_PUBLISHED_KTX_VERSION";
const REGISTRY: &str = "KTX_PUBLISHED_KTX_REGISTRY";

const NOT_CONFIGURED: &str = "Set KTX_PUBLISHED_KTX_PACKAGE or release-policy.json publishedPackageSmoke.packageName \
                              to the published npm package name after the release decision.";

/// What the command line says about it.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub registry: Option<String>,
    /// `NAME` or `NAME@VERSION`.
    pub package: Option<String>,
}

/// The package to prove; the error is the reason why there is none.
pub fn resolve(
    session: &Session<'_>,
    flags: &Flags,
    environment: &BTreeMap<String, String>,
) -> Result<Published> {
    let policy = policy(session)?;
    let set = |name: &str| {
        environment
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    };
    let registry = match (&flags.registry, set(REGISTRY), &policy.registry) {
        (Some(url), ..) => Some(address("--registry", url)?),
        (None, Some(url), _) => Some(address(REGISTRY, url)?),
        (None, None, Some(url)) => Some(address(
            "release-policy.json publishedPackageSmoke.registry",
            url,
        )?),
        (None, None, None) => None,
    };
    if let Some(specification) = &flags.package {
        let split = specification
            .rfind('@')
            .filter(|at| *at > 0)
            .map(|at| specification.split_at(at));
        let (name, version) = split.map_or((specification.as_str(), "latest"), |(name, version)| {
            (name, &version[1..])
        });
        return published(registry, ("--package", name), ("--package", version));
    }
    let name = match (set(PACKAGE), &policy.package_name) {
        (Some(name), _) => (PACKAGE, name),
        (None, Some(name)) => (
            "release-policy.json publishedPackageSmoke.packageName",
            name.as_str(),
        ),
        (None, None) => return Err(Failure::new(Exit::Failed, NOT_CONFIGURED).into()),
    };
    let version = match set(VERSION) {
        Some(version) => (VERSION, version),
        None => (
            "release-policy.json publishedPackageSmoke.version",
            policy.version.as_str(),
        ),
    };
    published(registry, name, version)
}

fn policy(session: &Session<'_>) -> Result<PublishedPackageSmoke> {
    let text = fs::read_to_string(session.root()?.join("release-policy.json"))?;
    match release_policy::read(&text) {
        Ok(policy) => Ok(policy.published_package_smoke),
        Err(findings) => {
            let first = findings
                .first()
                .map(|finding| finding.message.clone())
                .unwrap_or_default();
            Err(Failure::new(
                Exit::Refused,
                format!("failed to read `release-policy.json`: {first}"),
            )
            .hint("see everything that is wrong with it: cargo xtask readiness")
            .into())
        }
    }
}

fn published(registry: Option<String>, name: (&str, &str), version: (&str, &str)) -> Result<Published> {
    let invalid =
        |(label, value): (&str, &str)| Failure::new(Exit::Usage, format!("Invalid {label}: {value}"));
    if !is_package_name(name.1) {
        return Err(invalid(name).into());
    }
    if !is_word(version.1, "._+-") {
        return Err(invalid(version).into());
    }
    Ok(Published {
        registry,
        specification: format!("{}@{}", name.1, version.1),
    })
}

fn address(label: &str, url: &str) -> Result<String> {
    let url = url.trim();
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url.to_owned());
    }
    Err(Failure::new(Exit::Usage, format!("{label} must be an http(s) URL")).into())
}

/// A name of npm, with a scope or without: `^(?:@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$`.
fn is_package_name(name: &str) -> bool {
    let lower =
        |word: &str| is_word(word, "._-") && !word.contains(|letter: char| letter.is_ascii_uppercase());
    match name.strip_prefix('@') {
        Some(scoped) => scoped
            .split_once('/')
            .is_some_and(|(scope, name)| lower(scope) && lower(name)),
        None => lower(name),
    }
}

/// A letter or a digit, then letters, digits and `others`.
fn is_word(word: &str, others: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && word
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}

/// The registry that npm asks when none is named: the one in force on this machine.
pub fn registry_in_force(published: &Published, npm_settings: &BTreeMap<String, String>) -> String {
    published
        .registry
        .clone()
        .or_else(|| npm_settings.get("registry").cloned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_held_to_npms_grammar() {
        for (name, good) in [
            ("@kaelio/ktx", true),
            ("ktx", true),
            ("@Kaelio/ktx", false),
            ("@kaelio", false),
            ("@kaelio/", false),
            ("-ktx", false),
            ("", false),
            ("ktx;rm", false),
            ("../ktx", false),
        ] {
            assert_eq!(is_package_name(name), good, "{name}");
        }
        for (version, good) in [
            ("0.1.0-rc.0", true),
            ("latest", true),
            ("^1", false),
            ("", false),
            ("1 || 2", false),
        ] {
            assert_eq!(is_word(version, "._+-"), good, "{version}");
        }
    }

    #[test]
    fn only_addresses_of_the_web_are_registries() {
        assert!(address("--registry", "http://127.0.0.1:4873").is_ok());
        let refused = address("--registry", "file:///tmp").unwrap_err();
        assert_eq!(refused.to_string(), "--registry must be an http(s) URL");
    }
}
