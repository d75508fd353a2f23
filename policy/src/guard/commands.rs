//! The commands that refusals propose: each can be pasted as it stands, and reaches the registry that was meant.

use crate::tag::DistTag;
use crate::version::{Channel, ReleaseVersion};
use ktx_names::NPM_PACKAGE;

/// The flags that a proposed command must carry to reach the same registry and artifacts. Each begins with a blank, or
/// is empty.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    /// `--registry` of `cargo xtask`, when it was given.
    pub registry: String,
    /// `--artifacts` of `cargo xtask`, when it was given.
    pub artifacts: String,
    /// The registry, as `cargo xtask smoke` is told it.
    pub smoke: String,
    /// The registry, as npm is told it.
    pub npm: String,
}

impl Commands {
    pub(super) fn publish(&self, tag: &str) -> String {
        self.placed(&format!("publish --tag {tag}"))
    }

    pub(super) fn promote(&self, from: &str, to: &str) -> String {
        self.placed(&format!("promote --from {from} --to {to}"))
    }

    pub(super) fn rollback(&self, tag: &str, to: &str) -> String {
        self.placed(&format!("rollback --tag {tag} --to {to}"))
    }

    /// Proves a version as the registry serves it.
    pub(super) fn smoke(&self, version: &ReleaseVersion) -> String {
        format!(
            "cargo xtask smoke --package {NPM_PACKAGE}@{version}{}",
            self.smoke
        )
    }

    /// Proposes a number that is free, on the channel of `version`.
    pub fn next_number(&self, version: &ReleaseVersion) -> String {
        match version.channel() {
            Some(Channel::Stable) => self.next("stable"),
            Some(Channel::Branch { slug, .. }) => self.next(&format!("rc --branch {slug}")),
            Some(Channel::Candidate { .. }) | None => self.next("rc"),
        }
    }

    /// Proposes a number on `channel`.
    pub(super) fn next(&self, channel: &str) -> String {
        format!("cargo xtask version next --channel {channel}{}", self.registry)
    }

    /// Points a tag at a version without asking the guard.
    pub(super) fn add_tag(&self, version: &ReleaseVersion, tag: &DistTag) -> String {
        format!("npm dist-tag add {NPM_PACKAGE}@{version} {tag}{}", self.npm)
    }

    pub(super) fn list_tags(&self) -> String {
        format!("npm dist-tag ls {NPM_PACKAGE}{}", self.npm)
    }

    pub(super) fn list_versions(&self) -> String {
        format!("npm view {NPM_PACKAGE} versions{}", self.npm)
    }

    fn placed(&self, words: &str) -> String {
        format!("cargo xtask {words}{}{}", self.registry, self.artifacts)
    }
}
