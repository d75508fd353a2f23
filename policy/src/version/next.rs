//! The number of the next release, from the workspace, the git tags and the registry.

use super::ReleaseVersion;
use super::channel::Channel;
use super::lane::Lane;
use super::slug::BranchSlug;

/// The channel that the next number is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextChannel {
    /// A stable version.
    Stable,
    /// A fix of a line that the main one has left behind.
    Lane(Lane),
    /// A release candidate of the main line.
    Candidate,
    /// A prerelease of a branch.
    Branch(BranchSlug),
}

/// Which part of a stable version the next one raises. Never the major one as long as that is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bump {
    /// Fixes only.
    Patch,
    /// Something new, or something that breaks.
    Minor,
}

impl Bump {
    /// What the subjects of the commits since the last release ask for, by the types of
    /// [Conventional Commits](https://www.conventionalcommits.org/en/v1.0.0/): a feature or a breaking change raises
    /// the minor number, everything else the patch number.
    pub fn of_commits<'text>(subjects: impl IntoIterator<Item = &'text str>) -> Self {
        let asks_for_minor = |subject: &str| {
            let Some((head, _)) = subject.split_once(':') else {
                return false;
            };
            let kind = head.split(['(', '!']).next().unwrap_or_default();
            let is_feature = ["feat", "feature", "enhancement"].contains(&kind);
            is_feature || (head.ends_with('!') && !kind.contains(' '))
        };
        if subjects.into_iter().any(asks_for_minor) {
            Self::Minor
        } else {
            Self::Patch
        }
    }
}

/// What has been released, as the witnesses have it.
#[derive(Debug, Clone, Default)]
pub struct ReleasedVersions {
    /// Versions of the tags `v<version>`.
    pub git: Vec<ReleaseVersion>,
    /// Versions that the registry has or had.
    pub registry: Vec<ReleaseVersion>,
    /// Versions with a published release page. Not every version has one.
    pub pages: Vec<ReleaseVersion>,
}

/// The witnesses do not tell the same story, so no number is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// One side knows a release above everything that the other knows.
    #[error("the git tags end at {}, the registry at {}", shown(.git.as_ref()), shown(.registry.as_ref()))]
    Witnesses {
        git: Option<ReleaseVersion>,
        registry: Option<ReleaseVersion>,
    },
    /// A page is about a release above everything that the registry knows.
    #[error("the release pages end at {page}, the registry at {}", shown(.registry.as_ref()))]
    Page {
        page: ReleaseVersion,
        registry: Option<ReleaseVersion>,
    },
    /// The workspace lags behind what has been released.
    #[error("the workspace is at {workspace}, but {released} has been released")]
    Workspace {
        workspace: ReleaseVersion,
        released: ReleaseVersion,
    },
    /// The lane has no stable version to fix.
    #[error("no stable version of {0} has been released")]
    EmptyLane(Lane),
    /// The workspace's own version fits no channel.
    #[error("the workspace is at {0}, which fits no release channel")]
    Shape(ReleaseVersion),
    /// The number after the last one is more than a version can hold.
    #[error("no number is left after {0}")]
    Exhausted(ReleaseVersion),
}

/// The next number on `channel`. The workspace's own version is the answer when it fits the channel and has not been
/// released yet.
pub fn next_version(
    workspace: &ReleaseVersion,
    released: &ReleasedVersions,
    channel: &NextChannel,
    bump: Bump,
) -> Result<ReleaseVersion, Disagreement> {
    let Some(own_channel) = workspace.channel() else {
        return Err(Disagreement::Shape(workspace.clone()));
    };
    if let NextChannel::Lane(lane) = channel {
        return next_in_lane(workspace, released, *lane);
    }
    let last = last_of_main_line(released)?;
    if let Some(last) = last.filter(|last| last.is_above(workspace))
        && !matches!(own_channel, Channel::Branch { .. })
    {
        return Err(Disagreement::Workspace {
            workspace: workspace.clone(),
            released: last.clone(),
        });
    }
    let core = core_of_next(workspace, last, bump);
    let next = match channel {
        NextChannel::Stable | NextChannel::Lane(_) => with_pre(&core, ""),
        NextChannel::Candidate => numbered(&core, "rc", released, workspace),
        NextChannel::Branch(slug) => numbered(&core, slug.as_str(), released, workspace),
    };
    next.ok_or_else(|| Disagreement::Exhausted(workspace.clone()))
}

/// The number after the last stable one of the lane, on which both witnesses must agree. The main line does not matter,
/// and neither does a workspace on it.
fn next_in_lane(
    workspace: &ReleaseVersion,
    released: &ReleasedVersions,
    lane: Lane,
) -> Result<ReleaseVersion, Disagreement> {
    let last = |versions: &[ReleaseVersion]| {
        let own = versions.iter().filter(|version| Lane::of(version) == lane);
        let stable = own.filter(|version| matches!(version.channel(), Some(Channel::Stable)));
        stable.max_by(|one, other| one.precedence(other)).cloned()
    };
    let (git, registry) = (last(&released.git), last(&released.registry));
    if git != registry {
        return Err(Disagreement::Witnesses { git, registry });
    }
    known_to_pages(last(&released.pages).as_ref(), registry.as_ref())?;
    let last = registry.ok_or(Disagreement::EmptyLane(lane))?;
    let own = matches!(workspace.channel(), Some(Channel::Stable)) && Lane::of(workspace) == lane;
    if own && workspace.is_above(&last) {
        return Ok(workspace.clone());
    }
    let mut core = last.as_semver().clone();
    core.patch += 1;
    with_pre(&core, "").ok_or(Disagreement::Exhausted(last))
}

/// The last stable version or release candidate, on which both witnesses must agree. Branches come and go and are not
/// part of the line.
fn last_of_main_line(released: &ReleasedVersions) -> Result<Option<&ReleaseVersion>, Disagreement> {
    let (git, registry) = (last_in(&released.git), last_in(&released.registry));
    if git != registry {
        return Err(Disagreement::Witnesses {
            git: git.cloned(),
            registry: registry.cloned(),
        });
    }
    known_to_pages(last_in(&released.pages), registry)?;
    Ok(registry)
}

/// No release page is above the registry's last version.
fn known_to_pages(
    page: Option<&ReleaseVersion>,
    registry: Option<&ReleaseVersion>,
) -> Result<(), Disagreement> {
    match page.filter(|page| registry.is_none_or(|registry| page.is_above(registry))) {
        Some(page) => Err(Disagreement::Page {
            page: page.clone(),
            registry: registry.cloned(),
        }),
        None => Ok(()),
    }
}

fn last_in(versions: &[ReleaseVersion]) -> Option<&ReleaseVersion> {
    versions
        .iter()
        .filter(|version| {
            matches!(
                version.channel(),
                Some(Channel::Stable | Channel::Candidate { .. })
            )
        })
        .max_by(|one, other| one.precedence(other))
}

/// `X.Y.Z` of the next release: the line under way, or one above the last stable version.
fn core_of_next(workspace: &ReleaseVersion, last: Option<&ReleaseVersion>, bump: Bump) -> semver::Version {
    let base = match last {
        Some(last) if last.is_above(workspace) => last.as_semver(),
        _ => workspace.as_semver(),
    };
    let mut core = semver::Version::new(base.major, base.minor, base.patch);
    let is_out = last.is_some_and(|last| !last.is_prerelease() && last.as_semver() == &core);
    if is_out {
        match bump {
            Bump::Patch => core.patch += 1,
            Bump::Minor => core = semver::Version::new(core.major, core.minor + 1, 0),
        }
    }
    core
}

/// `<core>-<name>.N` with the first number that nobody has used.
fn numbered(
    core: &semver::Version,
    name: &str,
    released: &ReleasedVersions,
    workspace: &ReleaseVersion,
) -> Option<ReleaseVersion> {
    let used = released
        .git
        .iter()
        .chain(&released.registry)
        .chain(&released.pages);
    let last = used.filter_map(|version| number_on(version, core, name)).max();
    let own = number_on(workspace, core, name);
    let number = match (last, own) {
        (Some(last), Some(own)) if own > last => own,
        (Some(last), _) => last.checked_add(1)?,
        (None, own) => own.unwrap_or(0),
    };
    with_pre(core, &format!("{name}.{number}"))
}

fn number_on(version: &ReleaseVersion, core: &semver::Version, name: &str) -> Option<u64> {
    let semver = version.as_semver();
    if (semver.major, semver.minor, semver.patch) != (core.major, core.minor, core.patch) {
        return None;
    }
    match version.channel()? {
        Channel::Candidate { number } if name == "rc" => Some(number),
        Channel::Branch { slug, number } if slug.as_str() == name => Some(number),
        _ => None,
    }
}

fn with_pre(core: &semver::Version, pre: &str) -> Option<ReleaseVersion> {
    let text = if pre.is_empty() {
        core.to_string()
    } else {
        format!("{core}-{pre}")
    };
    text.parse().ok()
}

fn shown(version: Option<&ReleaseVersion>) -> String {
    version.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}
