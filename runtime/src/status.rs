//! Whether the runtime is installed and fits this program. Reads a few small files; spawns and writes nothing.

use serde::Serialize;

use crate::installed::{InstalledManifest, Recorded};
use crate::layout::Layout;
use crate::{FeatureSet, Runtime, assets};

/// The state of a runtime, as `ktx runtime status --json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuntimeStatus {
    pub kind: StatusKind,
    pub detail: String,
    pub layout: Layout,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<InstalledManifest>,
}

/// What can be said about a runtime in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusKind {
    /// There, but unusable.
    Broken,
    /// Never installed.
    Missing,
    /// Installed from something else than this program bundles.
    Mismatched,
    Ready,
}

impl StatusKind {
    pub const fn name(self) -> &'static str {
        match self {
            StatusKind::Broken => "broken",
            StatusKind::Missing => "missing",
            StatusKind::Mismatched => "mismatched",
            StatusKind::Ready => "ready",
        }
    }
}

impl RuntimeStatus {
    /// Whether the runtime can be used for these features as it is.
    pub fn is_ready_for(&self, features: &FeatureSet) -> bool {
        self.kind == StatusKind::Ready
            && self
                .manifest
                .as_ref()
                .is_some_and(|manifest| manifest.features.covers(features))
    }
}

impl Runtime {
    /// The state of the installation.
    pub fn status(&self) -> RuntimeStatus {
        let layout = self.layout().clone();
        let recorded = InstalledManifest::read(&layout.manifest_path);
        let (kind, detail) = judge(&layout, &recorded);
        let manifest = match recorded {
            Recorded::Manifest(manifest) => Some(*manifest),
            Recorded::Missing | Recorded::Invalid(_) => None,
        };
        RuntimeStatus {
            kind,
            detail,
            layout,
            manifest,
        }
    }
}

fn judge(layout: &Layout, recorded: &Recorded) -> (StatusKind, String) {
    let manifest = match recorded {
        Recorded::Invalid(reason) => {
            return (
                StatusKind::Broken,
                format!("Runtime manifest is invalid: {reason}"),
            );
        }
        Recorded::Missing => {
            let path = layout.manifest_path.display();
            return (StatusKind::Missing, format!("No runtime manifest at {path}"));
        }
        Recorded::Manifest(manifest) => manifest,
    };
    if manifest.cli_version.as_str() != layout.cli_version {
        let detail = format!(
            "Runtime is for CLI {}, current CLI is {}",
            manifest.cli_version, layout.cli_version
        );
        return (StatusKind::Mismatched, detail);
    }
    if !layout.python_path.is_file() {
        let path = layout.python_path.display();
        return (StatusKind::Broken, format!("Missing Python executable: {path}"));
    }
    if !layout.daemon_path.is_file() {
        let path = layout.daemon_path.display();
        return (
            StatusKind::Broken,
            format!("Missing ktx-daemon executable: {path}"),
        );
    }
    match assets::load(layout) {
        Err(error) => (StatusKind::Broken, error.to_string()),
        Ok(assets) if assets.manifest().wheel().content.sha256 != manifest.asset.wheel.sha256 => {
            let detail = "Runtime was installed from another Python wheel than this package bundles";
            (StatusKind::Mismatched, detail.to_owned())
        }
        Ok(_) => (
            StatusKind::Ready,
            format!("Runtime ready at {}", layout.version_dir.display()),
        ),
    }
}
