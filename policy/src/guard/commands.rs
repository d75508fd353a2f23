//! The commands that refusals propose: each can be pasted as it is, and reaches the same registry.

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
    /// `--source-revision` of `cargo xtask publish`, when it was given.
    pub revision: String,
    /// The registry, as `cargo xtask smoke` takes it.
    pub smoke: String,
    /// The registry, as npm takes it.
    pub npm: String,
}

impl Commands {
    /// Publishes under a tag; flags may follow it.
    pub fn publish(&self, tag: &str) -> String {
        self.placed(&format!("publish --tag {tag}{}", self.revision))
    }

    pub(super) fn promote(&self, from: &str, to: &str) -> String {
        self.placed(&format!("promote --from {from} --to {to}"))
    }

    /// Moves `tag` down from `broken`; `more` begins with a blank or is empty.
    pub fn rollback(&self, tag: &str, broken: &str, more: &str) -> String {
        self.placed(&format!("rollback --tag {tag} --from {broken}{more}"))
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
    pub fn add_tag(&self, version: &str, tag: &str) -> String {
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
