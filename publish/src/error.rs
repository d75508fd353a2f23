//! Why a step of releasing did not succeed.

use ktx_names::Finding;
use ktx_policy::changelog::ChangelogError;
use ktx_policy::guard::{RefusalClass, Refused};
use ktx_policy::readiness::ReadinessReport;
pub use ktx_system::files::PathError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file could not be read or written. The source names the path.
    #[error("{0}")]
    Io(#[from] PathError),
    /// The release policy cannot be used.
    #[error("release-policy.json cannot be used")]
    Policy(Vec<Finding>),
    /// The changelog has no section to release with.
    #[error("{0}")]
    Changelog(#[from] ChangelogError),
    /// Not every gate is open.
    #[error("the release is not ready")]
    NotReady(Box<ReadinessReport>),
    /// Several things stand in the way, each with its own kind.
    #[error("{}", sentences(.0))]
    Blocked(Vec<PublishError>),
    /// The guard refuses.
    #[error("the dist-tag guard refuses")]
    Refused(Refused),
    /// A rule outside of the guard refuses.
    #[error("{message}")]
    Forbidden {
        /// Stable name.
        code: &'static str,
        /// Why.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The job would make npm fail.
    #[error("the preflight of the release job failed")]
    Preflight(Vec<Finding>),
    /// A program or a file is missing.
    #[error("{message}")]
    Prerequisite {
        /// What is missing.
        message: String,
        /// What mends it.
        hint: String,
    },
    /// The flags contradict each other or the policy.
    #[error("{message}")]
    Usage {
        /// How.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The registry did not answer, or not with sense.
    #[error("failed to ask `{address}`: {cause}")]
    Registry {
        /// What was asked for.
        address: String,
        /// What came back.
        cause: String,
    },
    /// Bytes are not the bytes they should be.
    #[error("{message}")]
    Integrity {
        /// Which.
        message: String,
        /// What to do.
        hint: String,
    },
    /// npm did not do it, and the registry shows that it did not.
    #[error("`{command}` failed with {exit}:\n{said}")]
    Npm {
        /// The command line.
        command: String,
        /// Its exit.
        exit: String,
        /// The end of what it said, without secrets.
        said: String,
        /// Whether the registry is to blame: it answered with an error of its own, or not at all.
        registry: bool,
    },
    /// The registry took the change, but its tags are not as planned.
    #[error("the registry has {version}, but its tags are not as planned: {seen}")]
    TagsDiffer {
        /// The version.
        version: String,
        /// Which tags, and how.
        seen: String,
        /// The command that lists them.
        list: String,
    },
    /// The work was asked to stop.
    #[error("interrupted; run the same command again to find out what the registry has")]
    Interrupted,
}

/// What kind of failure it is: an exit code for each. Where several come together, the last of them counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The operation failed.
    Failed,
    /// Refused by policy.
    Refused,
    /// A prerequisite is missing.
    Prerequisite,
    /// Registry or network.
    Registry,
    /// Bytes are not the bytes they should be.
    Integrity,
    /// Wrong usage.
    Usage,
}

fn sentences(errors: &[PublishError]) -> String {
    let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

impl PublishError {
    /// What kind of failure it is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Io(_) | Self::Interrupted | Self::TagsDiffer { .. } | Self::Npm { registry: false, .. } => {
                ErrorClass::Failed
            }
            Self::Policy(_) | Self::Changelog(_) | Self::Forbidden { .. } => ErrorClass::Refused,
            Self::NotReady(report) if report.bytes_differ => ErrorClass::Integrity,
            Self::NotReady(_) => ErrorClass::Refused,
            Self::Refused(refused) => match refused.class() {
                RefusalClass::Policy => ErrorClass::Refused,
                RefusalClass::Registry => ErrorClass::Registry,
                RefusalClass::Integrity => ErrorClass::Integrity,
            },
            Self::Blocked(errors) => {
                let classes = errors.iter().map(Self::class);
                classes.max().unwrap_or(ErrorClass::Failed)
            }
            Self::Preflight(_) | Self::Prerequisite { .. } => ErrorClass::Prerequisite,
            Self::Usage { .. } => ErrorClass::Usage,
            Self::Registry { .. } | Self::Npm { registry: true, .. } => ErrorClass::Registry,
            Self::Integrity { .. } => ErrorClass::Integrity,
        }
    }

    /// What to do about it, when one sentence says it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Forbidden { hint, .. }
            | Self::Prerequisite { hint, .. }
            | Self::Usage { hint, .. }
            | Self::Integrity { hint, .. } => Some(hint.clone()),
            Self::TagsDiffer { list, .. } => Some(format!(
                "find out who else moves tags, then put them right; they are listed by: {list}"
            )),
            Self::Registry { .. } => Some("run the same command again when the registry answers".to_owned()),
            Self::Npm { registry: true, .. } => {
                Some("nothing was published: run the same command again".to_owned())
            }
            Self::Npm { .. } => {
                Some("nothing was published: mend what npm names, then run the same command again".to_owned())
            }
            Self::Changelog(_) => {
                Some("write what changed into CHANGELOG.md, then run the same command again".to_owned())
            }
            _ => None,
        }
    }
}
