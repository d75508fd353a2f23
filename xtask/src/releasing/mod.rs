//! What the commands that release have in common: where things lie, and what npm is given.

mod moving;
mod telling;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::Args;
use ktx_manifest::artifact_manifest::ArtifactPackage;
use ktx_policy::guard::TrustDowngrade;
use ktx_policy::readiness::Head;
use ktx_policy::{InvalidRegistryUrl, RegistryUrl, ReleaseVersion};
use ktx_publish::artifacts::{Built, Location};
use ktx_publish::{Desk, Environment};

use crate::exit::{Exit, Failure};
use crate::git;
use crate::interrupt;
use crate::session::Session;
use crate::sources;

pub use self::moving::{MoveArgs, carry_out, move_options};
pub use self::telling::{Told, blocked, failure, print_checked, print_notes, print_tags, told};

// No doc comment: clap would make it the text of every command that flattens this.
#[derive(Args, Default)]
pub struct Place {
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

    fn interrupt(&self) -> &ktx_system::Interrupt {
        interrupt::raised_by_signals()
    }
}

/// The environment of this process, without what is no text.
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
        .collect()
}

/// Where the artifacts lie: handed over, or in the checkout.
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

/// What the artifacts must be. Handed-over ones come with the program that runs now, and have its version.
pub fn built(session: &Session<'_>, artifacts: Option<&Utf8PathBuf>) -> Result<Built> {
    built_as(session, artifacts, None)
}

/// The same for another version than that of the sources, of which there may be no artifacts.
pub fn built_as(
    session: &Session<'_>,
    artifacts: Option<&Utf8PathBuf>,
    version: Option<ReleaseVersion>,
) -> Result<Built> {
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
    Ok(Built {
        version,
        packages,
        head: head(session)?,
    })
}

fn head(session: &Session<'_>) -> Result<Head> {
    if session.root().is_err() {
        return Ok(Head::NoCheckout);
    }
    Ok(Head::At(git::output(session, &["rev-parse", "HEAD"])?))
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
