//! `cargo xtask version`: shows, sets or proposes the one version.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use fs_err as fs;
use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::Released;
use ktx_policy::{
    BranchSlug, Bump, Channel, DistTag, InvalidLane, Lane, NextChannel, ReleaseVersion, ReleasedVersions,
    next_version,
};
use ktx_publish::artifacts::read_policy;
use ktx_publish::npm::Npm;
use ktx_publish::receipt::ReceiptBook;
use ktx_publish::registry::{self, Known};
use ktx_publish::version_files;
use ktx_system::files::{self, Access};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::git;
use crate::releasing::{self, SessionDesk};
use crate::session::Session;

/// Show, set or propose the version
#[derive(Args)]
pub struct VersionArgs {
    #[command(subcommand)]
    command: VersionCommand,
}

#[derive(Subcommand)]
enum VersionCommand {
    /// Show the version, its form in Python, and where it may be published
    Show,
    /// Set the version everywhere
    Set {
        /// X.Y.Z, X.Y.Z-rc.N or X.Y.Z-<branch>.N
        version: String,
    },
    /// Propose the next version from the workspace, the git tags, the release pages and the registry
    Next(NextArgs),
}

#[derive(Args)]
struct NextArgs {
    /// Which kind of version
    #[arg(long, required_unless_present = "lane")]
    channel: Option<ChannelName>,
    /// The older line X.Y that gets a fix
    #[arg(long, value_name = "X.Y", conflicts_with_all = ["channel", "branch"])]
    lane: Option<String>,
    /// The branch that the version is for; main has the release candidates
    #[arg(long, value_name = "NAME", default_value = "main")]
    branch: String,
    /// The registry, where release-policy.json names none [default: npm's own]
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ChannelName {
    Rc,
    Stable,
}

pub fn run(arguments: VersionArgs, session: &Session<'_>) -> Result<()> {
    match arguments.command {
        VersionCommand::Show => show(session),
        VersionCommand::Set { version } => set(session, &version),
        VersionCommand::Next(arguments) => next(session, &arguments),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    version: String,
    python_version: String,
    /// `stable`, `rc` or `branch`; null for a version that cannot be published.
    channel: Option<&'static str>,
    tags: Vec<String>,
}

fn show(session: &Session<'_>) -> Result<()> {
    let version = workspace(session)?;
    let shown = described(&version)?;
    session.printer.document(&shown)?;
    session.printer.data(&shown.version);
    session.printer.talk(&format!(
        "Python: {}; dist-tags: {}",
        shown.python_version,
        shown.tags.join(", ")
    ));
    Ok(())
}

fn set(session: &Session<'_>, text: &str) -> Result<()> {
    let version: ReleaseVersion = text
        .parse()
        .map_err(|error: ktx_policy::InvalidVersion| Failure::new(Exit::Usage, error.to_string()))?;
    let shown = described(&version)?;
    let root = session.root()?;
    let current = workspace(session)?;
    let read = |name: &str| fs::read_to_string(root.join(name));
    // All three are edited before any of them is written.
    let edited = [
        (
            "Cargo.toml",
            version_files::set_in_manifest(&read("Cargo.toml")?, &version)?,
        ),
        (
            "Cargo.lock",
            version_files::set_in_lock(&read("Cargo.lock")?, &current, &version)?,
        ),
        (
            "release-policy.json",
            version_files::set_in_policy(&read("release-policy.json")?, &version)?,
        ),
    ];
    for (name, text) in edited {
        files::write(root.join(name).as_std_path(), text.as_bytes(), Access::Readable)?;
    }
    session.printer.document(&shown)?;
    session.printer.data(&format!("{current} -> {version}"));
    Ok(())
}

fn next(session: &Session<'_>, arguments: &NextArgs) -> Result<()> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let channel = match (arguments.channel, arguments.branch.as_str()) {
        (None, _) => NextChannel::Lane(lane(arguments)?),
        (Some(ChannelName::Stable), "main") => NextChannel::Stable,
        (Some(ChannelName::Stable), branch) => {
            let message = format!("stable versions come from main, not from {branch}");
            return Err(usage(message).hint("omit --branch, or use --channel rc").into());
        }
        (Some(ChannelName::Rc), "main") => NextChannel::Candidate,
        (Some(ChannelName::Rc), branch) => {
            let slug = BranchSlug::of_branch(branch);
            NextChannel::Branch(slug.map_err(|error| usage(error.to_string()).hint(error.hint()))?)
        }
    };
    let released = released(session, arguments)?;
    let bump = Bump::of_commits(subjects(session, &released)?.lines());
    let version = next_version(&workspace(session)?, &released, &channel, bump).map_err(|disagreement| {
        Failure::new(Exit::Refused, disagreement.to_string())
            .hint("make workspace, git tags, release pages and registry agree, then try again: cargo xtask version set, git tag, git fetch --tags")
    })?;
    let shown = described(&version)?;
    session.printer.document(&shown)?;
    session.printer.data(&shown.version);
    session
        .printer
        .talk(&format!("to take it: cargo xtask version set {version}"));
    Ok(())
}

fn lane(arguments: &NextArgs) -> Result<Lane> {
    let lane = arguments.lane.as_deref().unwrap_or_default().parse();
    Ok(lane.map_err(|error: InvalidLane| Failure::new(Exit::Usage, error.to_string()))?)
}

/// What the git tags, the registry and its release pages say. A registry that another witness contradicts is not believed.
fn released(session: &Session<'_>, arguments: &NextArgs) -> Result<ReleasedVersions> {
    let asked = releasing::registry(arguments.registry.as_deref())?;
    let desk = SessionDesk(session);
    let failed = |error| releasing::failure(session, error);
    let location = releasing::location(session, None)?;
    let (policy, _) = read_policy(&location.policy).map_err(failed)?;
    let environment = releasing::environment();
    let npm = Npm::new(&environment).map_err(failed)?;
    let registry = registry::chosen(&policy, asked.as_ref(), &environment, &npm, &desk).map_err(failed)?;
    let known = Known {
        receipts: ReceiptBook::in_folder(&location.reports).served(registry.url(), &desk),
        released: releasing::released(session)?.about(registry.url()),
    };
    let packument = registry.published(NPM_PACKAGE, &known).map_err(failed)?;
    let state = packument.unwrap_or_default().state();
    // A removed number is used up as well.
    let all = state.versions.keys().chain(&state.burned);
    let Released { git_tags, pages } = known.released;
    Ok(ReleasedVersions {
        git: git_tags,
        registry: all.filter_map(|version| version.parse().ok()).collect(),
        pages: pages.into_iter().map(|page| page.version).collect(),
    })
}

/// The subjects of the commits since the last stable release, or of all of them.
fn subjects(session: &Session<'_>, released: &ReleasedVersions) -> Result<String> {
    let stable = released.git.iter().filter(|version| !version.is_prerelease());
    let range = match stable.max_by(|one, other| one.precedence(other)) {
        Some(version) => format!("v{version}..HEAD"),
        None => "HEAD".to_owned(),
    };
    git::output(session, &["log", "--format=%s", &range])
}

fn workspace(session: &Session<'_>) -> Result<ReleaseVersion> {
    let path = session.root()?.join("Cargo.toml");
    Ok(version_files::workspace_version(&fs::read_to_string(path)?)?)
}

fn described(version: &ReleaseVersion) -> Result<Shown> {
    let python = ktx_release::version::python_version(version.as_semver())
        .map_err(|error| Failure::new(Exit::Refused, error.to_string()).hint(error.hint()))?;
    Ok(Shown {
        version: version.to_string(),
        python_version: python.to_string(),
        channel: version.channel().as_ref().map(Channel::name),
        tags: DistTag::of(version).iter().map(ToString::to_string).collect(),
    })
}
