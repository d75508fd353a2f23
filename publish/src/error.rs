//! Why a step of releasing did not succeed.

use ktx_names::Finding;
use ktx_policy::changelog::ChangelogError;
use ktx_policy::guard::{RefusalClass, Refused};
use ktx_policy::readiness::{NotReadyKind, ReadinessReport};
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
    /// Several problems, each with its own kind.
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
        /// What fixes it.
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
    /// The registry's answer is missing, or something else that is known contradicts it; how.
    #[error("{0}")]
    RegistryUnknown(String),
    /// The bytes are not the expected ones.
    #[error("{message}")]
    Integrity {
        /// Which.
        message: String,
        /// What to do.
        hint: String,
    },
    /// npm failed, and the registry does not show the change.
    #[error("`{command}` failed with {exit}, and {}:\n{said}", .failure.known())]
    Npm {
        /// The command line.
        command: String,
        /// Its exit.
        exit: String,
        /// The tail of its output, without secrets.
        said: String,
        /// Whether anything can have been stored.
        failure: NpmFailure,
    },
    /// npm reports that it moved the tag, and the registry does not show it. It may do so later.
    #[error("npm reports that it moved {tag} to {version}, and the registry does not show it: {seen}")]
    NotYetVisible {
        /// The version.
        version: String,
        /// The tag.
        tag: String,
        /// What the registry shows.
        seen: String,
    },
    /// The registry is not any more what the change was planned for; how.
    #[error("{0}; nothing was written")]
    Outdated(String),
    /// The registry has the version, but its tag is not on the right one.
    #[error("the registry has {version}, but {seen}")]
    WrongTag {
        /// The version.
        version: String,
        /// What the tag points at.
        seen: String,
        /// The command that fixes it.
        fix: String,
    },
    /// The work was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Why npm failed, as far as its code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NpmFailure {
    /// npm sent nothing: a wrong option, a missing file.
    NotSent,
    /// A connection could not be made: to the registry, or, after it was sent there, to another address.
    Unreachable,
    /// There are no credentials, or the registry did not take them.
    Credentials,
    /// The registry lets these credentials stage a version, and not publish it.
    StageRequired,
    /// The registry may have stored what it was sent, whatever it answered.
    Unknown,
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
    /// The bytes are not the expected ones.
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
            Self::Io(_) | Self::Interrupted | Self::WrongTag { .. } | Self::Outdated(_) => ErrorClass::Failed,
            Self::Npm { failure, .. } => match failure {
                NpmFailure::NotSent => ErrorClass::Failed,
                NpmFailure::Credentials | NpmFailure::StageRequired => ErrorClass::Prerequisite,
                NpmFailure::Unreachable | NpmFailure::Unknown => ErrorClass::Registry,
            },
            Self::Policy(_) | Self::Changelog(_) | Self::Forbidden { .. } => ErrorClass::Refused,
            Self::NotReady(report) => match report.kind {
                NotReadyKind::Policy => ErrorClass::Refused,
                NotReadyKind::Prerequisite => ErrorClass::Prerequisite,
                NotReadyKind::Integrity => ErrorClass::Integrity,
            },
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
            Self::Registry { .. } | Self::RegistryUnknown(_) | Self::NotYetVisible { .. } => {
                ErrorClass::Registry
            }
            Self::Integrity { .. } => ErrorClass::Integrity,
        }
    }

    /// What to do about it, when one sentence says it.
    pub fn hint(&self) -> Option<String> {
        let again = "run the same command again";
        match self {
            Self::Forbidden { hint, .. }
            | Self::Prerequisite { hint, .. }
            | Self::Usage { hint, .. }
            | Self::Integrity { hint, .. } => Some(hint.clone()),
            Self::WrongTag { fix, .. } => Some(fix.clone()),
            Self::Refused(refused) => Some(refused.next.line()),
            Self::NotYetVisible { .. } | Self::Interrupted => {
                Some(format!("{again}: it finds out what the registry has"))
            }
            Self::Outdated(_) => Some(format!("{again}: it plans with what the registry has now")),
            Self::Registry { .. } | Self::RegistryUnknown(_) => {
                Some(format!("{again} when the registry answers"))
            }
            Self::Npm { failure, .. } => Some(match failure {
                NpmFailure::NotSent => format!("fix what npm names, then {again}"),
                NpmFailure::Unreachable => format!("{again} when the registry answers"),
                NpmFailure::Credentials => {
                    format!("log in with npm, or give the 2FA code in NPM_CONFIG_OTP, then {again}")
                }
                NpmFailure::StageRequired => {
                    "set npm.publishing to staged in release-policy.json, or let the trusted publisher publish: \
                     npm trust github --help"
                        .to_owned()
                }
                NpmFailure::Unknown => format!("{again}: it finds out what the registry has"),
            }),
            Self::Changelog(_) => Some(format!("write what changed into CHANGELOG.md, then {again}")),
            _ => None,
        }
    }
}

impl NpmFailure {
    /// What is known about the registry after it.
    fn known(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent to the registry",
            Self::Unreachable => "npm could not connect to the registry, or to where that redirected it",
            Self::Credentials => "the registry does not show the change",
            Self::StageRequired => "the registry takes only staged versions from these credentials",
            Self::Unknown => "it is not known whether the registry took the change",
        }
    }
}
