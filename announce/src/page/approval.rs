//! The card that a person reads before they approve a staged version.

use ktx_inspect::bytes;
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_publish::publication::{StagedBytes, StagedVersion};

use super::markdown::escaped;
use crate::facts::Release;

impl Release {
    /// What waits, its digests, what was checked, what changed since the last version, and the two commands. `smoked` is
    /// the outcome of a smoke of the bytes that the registry keeps.
    pub fn approval(
        &self,
        staged: &StagedVersion,
        tag: &str,
        registry: &RegistryUrl,
        smoked: Option<&str>,
    ) -> String {
        let mut text = format!("## To approve: {NPM_PACKAGE} {} under `{tag}`\n\n", self.version);
        let mut row = |name: &str, value: &str| text.push_str(&format!("| {name} | {value} |\n"));
        row("registry", registry.as_str());
        row("---", "---");
        row("staged as", &format!("`{}`", staged.id));
        if let Some(tarball) = &self.tarball {
            let content = tarball.content();
            row(
                "tarball",
                &format!("`{}`, {}", tarball.file_name(), bytes(content.bytes)),
            );
            row("SHA-256", &format!("`{}`", content.sha256));
            row("integrity", &format!("`{}`", tarball.integrity()));
        }
        let revision = self.readiness.source_revision.as_deref();
        row(
            "built from",
            &revision.map_or_else(|| "not known".to_owned(), |revision| format!("`{revision}`")),
        );
        row(
            "compared",
            &match &staged.bytes {
                StagedBytes::Same => "the registry keeps the bytes that were built".to_owned(),
                StagedBytes::NotFetched { cause } => format!("**not yet**: {}", escaped(cause)),
            },
        );
        row("smoke", smoked.unwrap_or("**not yet**"));
        text.push_str("\nChanges since the last version:\n\n");
        match &self.comparison {
            Some(comparison) => {
                let changes = comparison.lines();
                text.extend(changes.iter().map(|change| format!("- {}\n", escaped(change))));
            }
            None => text.push_str("- not known: these bytes were not compared\n"),
        }
        if smoked.is_none() || staged.bytes != StagedBytes::Same {
            let command = format!("cargo xtask smoke --staged {}", staged.id);
            text.push_str(&format!(
                "\nFirst fetch, compare and smoke what the registry keeps:\n\n```console\n{command}\n```\n"
            ));
        }
        let StagedVersion { approve, reject, .. } = staged;
        text.push_str(&format!(
            "\nApprove it with your 2FA code, or throw it away:\n\n```console\n{approve}\n{reject}\n```\n"
        ));
        text
    }
}
