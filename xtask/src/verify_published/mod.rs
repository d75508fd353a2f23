//! `cargo xtask verify-published`: what anyone can verify about a published version.

mod inside;
mod rebuild;
mod saved;

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_announce::published::{Check, Published, Trust, fetch};
use ktx_inspect::Difference;
use ktx_names::{NPM_PACKAGE, Platform};
use ktx_policy::release_policy::ProvenancePolicy;
use ktx_publish::artifacts::read_policy;
use ktx_publish::npm::Npm;
use ktx_publish::provenance::trust_root;
use ktx_publish::registry;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::releasing::{self, SessionDesk};
use crate::session::Session;

/// Verify a published version from the registry alone; with --rebuild also that it was built from its sources
#[derive(Args)]
pub struct VerifyPublishedArgs {
    /// The version or dist-tag [default: latest, or what is in --tarball]
    #[arg(value_name = "VERSION|TAG")]
    version: Option<String>,
    /// A saved tarball; no registry is asked
    #[arg(long, value_name = "FILE", conflicts_with = "registry")]
    tarball: Option<Utf8PathBuf>,
    /// Its saved attestations: one Sigstore bundle, or what a registry answered
    #[arg(long, value_name = "FILE", requires = "tarball")]
    bundle: Option<Utf8PathBuf>,
    /// The registry, where release-policy.json names none [default: npm's own]
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Another Sigstore trusted root than the pinned one, for an instance of your own
    #[arg(long, value_name = "FILE", hide = true)]
    trusted_root: Option<Utf8PathBuf>,
    /// Build the version again from a clean clone, and compare file by file
    #[arg(long)]
    rebuild: bool,
    /// The commit to build [default: that of the git tag v<version>]
    #[arg(long, value_name = "REV", requires = "rebuild")]
    source_revision: Option<String>,
    /// Platforms whose program is built; the others are not compared [default: all in the package]
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "rebuild")]
    platform: Vec<Platform>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationDocument<'a> {
    package: &'static str,
    version: &'a str,
    /// Null for saved files.
    registry: Option<String>,
    checks: &'a [Check],
    /// Null without --rebuild.
    rebuilt: Option<&'a Rebuilt>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rebuilt {
    revision: String,
    platforms: Vec<Platform>,
    /// Whether the two tarballs are the same, byte for byte.
    equal: bool,
    differences: Vec<Difference>,
}

pub fn run(arguments: VerifyPublishedArgs, session: &Session<'_>) -> Result<()> {
    let fail = |error| releasing::failure(session, error);
    let (policy, _) = read_policy(&releasing::location(session, None)?.policy).map_err(fail)?;
    let other = releasing::trusted_root(arguments.trusted_root.as_deref())?;
    let trust = Trust {
        root: trust_root(other.as_deref()).map_err(fail)?,
        required: policy.npm.provenance == ProvenancePolicy::Required,
    };
    let (published, registry) = match &arguments.tarball {
        Some(tarball) => {
            let published = saved::read(tarball, arguments.bundle.as_deref(), &arguments.version, &trust)?;
            (published, None)
        }
        None => {
            let environment = releasing::environment();
            let npm = Npm::new(&environment).map_err(fail)?;
            let asked = releasing::registry(arguments.registry.as_deref())?;
            let desk = SessionDesk(session);
            let registry =
                registry::chosen(&policy, asked.as_ref(), &environment, &npm, &desk).map_err(fail)?;
            let version = arguments.version.as_deref().unwrap_or("latest");
            let published = fetch(&registry, version, &trust).map_err(fail)?;
            (published, Some(registry.url().to_string()))
        }
    };
    let mut checks = published.checks.clone();
    checks.push(inside::check(session, &published)?);
    let place = registry.as_ref().map(|url| format!(" on {url}"));
    session.printer.data(&format!(
        "{NPM_PACKAGE}@{}{}",
        published.version,
        place.as_deref().unwrap_or(", as saved")
    ));
    for check in &checks {
        session.printer.data(&check.line());
    }
    let rebuilt = match arguments.rebuild {
        true => Some(compared(&arguments, session, &published)?),
        false => None,
    };
    session.printer.document(&VerificationDocument {
        package: NPM_PACKAGE,
        version: &published.version,
        registry,
        checks: &checks,
        rebuilt: rebuilt.as_ref(),
    })?;
    conclude(&checks, rebuilt.as_ref())
}

fn compared(
    arguments: &VerifyPublishedArgs,
    session: &Session<'_>,
    published: &Published,
) -> Result<Rebuilt> {
    let rebuilt = rebuild::rebuild(
        session,
        published,
        arguments.source_revision.as_deref(),
        &arguments.platform,
    )?;
    let printer = session.printer;
    let revision = &rebuilt.revision;
    if rebuilt.equal {
        printer.data(&format!("rebuilt from {revision}: equal, byte for byte"));
    } else if rebuilt.differences.is_empty() {
        printer.data(&format!(
            "rebuilt from {revision}: the same files in other archives"
        ));
    } else {
        let count = match rebuilt.differences.len() {
            1 => "1 file differs".to_owned(),
            count => format!("{count} files differ"),
        };
        printer.data(&format!("rebuilt from {revision}: {count}"));
    }
    for difference in &rebuilt.differences {
        printer.data(&format!("  {}", difference.line()));
    }
    Ok(rebuilt)
}

fn conclude(checks: &[Check], rebuilt: Option<&Rebuilt>) -> Result<()> {
    let failed = checks.iter().filter(|check| check.has_failed()).count();
    let mut faults = Vec::new();
    if failed > 0 {
        faults.push(format!("{failed} of {} checks failed", checks.len()));
    }
    if rebuilt.is_some_and(|rebuilt| !rebuilt.is_proven()) {
        faults.push("the rebuilt package is not the published one".to_owned());
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Integrity, faults.join("; "))
        .hint("do not install it; send the output above to the maintainers")
        .into())
}

impl Rebuilt {
    /// With some platforms skipped, the tarballs differ and the files that were built do not.
    fn is_proven(&self) -> bool {
        self.differences.is_empty()
    }
}
