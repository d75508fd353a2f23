//! What the releasing commands share: where things are, and what npm is given.

mod moving;
mod reporting;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::Args;
use ktx_announce::github::{GithubRelease, Repository};
use ktx_names::{ArtifactPackage, Platform};
use ktx_policy::guard::{Released, TrustDowngrade};
use ktx_policy::readiness::{Head, SourceFacts};
use ktx_policy::{InvalidRegistryUrl, RegistryUrl, ReleaseVersion};
use ktx_publish::artifacts::{Location, PackageJson};
use ktx_publish::{Desk, Environment};
use ktx_smoke::{SCENARIOS, Set};

use crate::exit::{Exit, Failure};
use crate::git;
use crate::interrupt;
use crate::session::Session;
use crate::sources;

pub use self::moving::{MoveArgs, carry_out, move_options, trusted_root};
pub use self::reporting::{ErrorDocument, blocked, exit_of, failure, print_choice, print_notes, print_tags};

// No doc comment: clap would make it the text of every command that flattens this.
#[derive(Args, Default)]
pub struct PlaceArgs {
    /// The registry, where release-policy.json names none [default: npm's own]
    #[arg(long, value_name = "URL")]
    pub registry: Option<String>,
    /// Handed-over artifacts, with reports/ and release-policy.json beside the folder [default: the checkout's]
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<Utf8PathBuf>,
}

/// The session, as the publishing library sees it.
pub struct SessionDesk<'s, 'p>(pub &'s Session<'p>);

impl Desk for SessionDesk<'_, '_> {
    fn talk(&self, line: &str) {
        self.0.printer.talk(line);
    }

    fn warn(&self, line: &str) {
        self.0.printer.warning(line);
    }

    fn interrupt(&self) -> &ktx_system::Interrupt {
        interrupt::raised_by_signals()
    }
}

/// The environment of this process, without what is not text.
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
        .collect()
}

/// Where the artifacts are: handed over, or in the checkout.
pub fn location(session: &Session<'_>, artifacts: Option<&Utf8PathBuf>) -> Result<Location> {
    match artifacts {
        Some(artifacts) => {
            let path =
                std::path::absolute(artifacts).with_context(|| format!("failed to resolve `{artifacts}`"))?;
            Ok(Location::handed_over(&path))
        }
        None => Ok(Location::in_checkout(session.root()?.as_std_path())),
    }
}

/// What to release. Handed-over artifacts have the version of the program that runs now.
pub fn source_facts(
    session: &Session<'_>,
    artifacts: Option<&Utf8PathBuf>,
    revision: Option<&str>,
) -> Result<SourceFacts> {
    source_facts_as(session, artifacts, revision, None)
}

/// The same for another version than that of the sources, of which there may be no artifacts.
pub fn source_facts_as(
    session: &Session<'_>,
    artifacts: Option<&Utf8PathBuf>,
    revision: Option<&str>,
    version: Option<ReleaseVersion>,
) -> Result<SourceFacts> {
    let version = match (version, artifacts) {
        (Some(version), _) => version.as_semver().clone(),
        (None, Some(_)) => semver::Version::parse(env!("CARGO_PKG_VERSION"))?,
        (None, None) => sources::version(session)?,
    };
    let python = ktx_release::version::python_version(&version)
        .map_err(|error| Failure::new(Exit::Refused, error.to_string()).hint(error.hint()))?;
    let packages = vec![
        ArtifactPackage::npm(version.to_string()),
        ArtifactPackage::python(python.to_string()),
    ];
    let version: ReleaseVersion = version
        .to_string()
        .parse()
        .map_err(|error| Failure::new(Exit::Refused, format!("{error}")))?;
    Ok(SourceFacts {
        version,
        packages,
        head: head(session, revision)?,
        scenarios: scenarios(),
    })
}

/// The commit to release: the one that was named, the one that is checked out, or the one that the job runs
/// for.
fn head(session: &Session<'_>, revision: Option<&str>) -> Result<Head> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = revision
        .map(str::to_owned)
        .or_else(|| variable("KTX_EXPECTED_SOURCE_REVISION"));
    if let Some(named) = named {
        return Ok(Head::At(named));
    }
    if session.root().is_err() {
        return Ok(variable("GITHUB_SHA").map_or(Head::Unknown, Head::At));
    }
    Ok(Head::At(git::output(session, &["rev-parse", "HEAD"])?))
}

/// What the git tags and the release pages say. GitHub may be out of reach: a warning says so, and the pages are no witness.
pub fn released(session: &Session<'_>) -> Result<Released> {
    let pages = repository()
        .and_then(|url| Ok(Repository::named(&url, &environment())?.releases()?))
        .unwrap_or_else(|cause| {
            session
                .printer
                .warning(&format!("the release pages are not known: {cause}"));
            Vec::new()
        });
    Ok(Released {
        git_tags: git_tags(session)?,
        pages: pages.iter().filter_map(GithubRelease::witness).collect(),
    })
}

/// `repository.url` of the package that is built here.
pub fn repository() -> Result<String> {
    let stamped = ktx_release::package::PackageJson::new(semver::Version::new(0, 0, 0)).to_text();
    let package: PackageJson = serde_json::from_str(&stamped)?;
    let url = package.repository().map(str::to_owned);
    url.context("npm/package.json names no repository")
}

/// The versions of the git tags `v<version>`; none without a checkout.
pub fn git_tags(session: &Session<'_>) -> Result<Vec<ReleaseVersion>> {
    if session.root().is_err() {
        return Ok(Vec::new());
    }
    let tags = git::output(session, &["tag", "--list", "v*"])?;
    let versions = tags.lines().filter_map(|tag| tag.strip_prefix('v')?.parse().ok());
    Ok(versions.collect())
}

/// The scenarios that a smoke on each platform runs by default.
fn scenarios() -> BTreeMap<Platform, Vec<String>> {
    let names = |platform: Platform| {
        let system = match platform {
            Platform::LinuxX64 | Platform::LinuxArm64 => "linux",
            Platform::DarwinX64 | Platform::DarwinArm64 => "macos",
            Platform::Win32X64 => "windows",
        };
        let standard = SCENARIOS.iter().filter(|scenario| match scenario.set {
            Set::Standard => true,
            Set::StandardOn(systems) => systems.contains(&system),
            Set::OptIn(_) | Set::Named => false,
        });
        standard.map(|scenario| scenario.name.to_owned()).collect()
    };
    Platform::ALL.map(|platform| (platform, names(platform))).into()
}

/// `--registry`. The value is not repeated: it may hold a password.
pub fn registry(asked: Option<&str>) -> Result<Option<RegistryUrl>> {
    let invalid = |error| Failure::new(Exit::Usage, format!("--registry {error}"));
    let hint = "name scheme and host, and leave credentials to npm's configuration";
    asked
        .map(|address| {
            address
                .parse()
                .map_err(|error: InvalidRegistryUrl| invalid(error).hint(hint).into())
        })
        .transpose()
}

/// `--accept-trust-downgrade` as the guard has it.
pub fn trust_downgrade(accepted: bool) -> TrustDowngrade {
    if accepted {
        TrustDowngrade::Accepted
    } else {
        TrustDowngrade::Refused
    }
}
