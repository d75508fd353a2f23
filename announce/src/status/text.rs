//! The status in lines for people.

use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::Provenance;

use super::{Page, Status};

impl Status {
    /// The status in lines for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{NPM_PACKAGE} on {}", self.registry)];
        if self.versions.is_empty() {
            lines.push("nothing is published".to_owned());
        }
        let width = self
            .tags
            .iter()
            .map(|tag| tag.tag.len())
            .max()
            .unwrap_or_default();
        lines.extend(self.tags.iter().map(|tag| {
            let since = tag.not_before.as_deref().unwrap_or("unknown");
            format!("{:width$}  {}, published {since}", tag.tag, tag.version)
        }));
        for version in &self.versions {
            let mut facts = vec![if version.git_tag { "git tag" } else { "no git tag" }];
            facts.push(match version.page {
                Page::Published => "release page",
                Page::Draft => "draft of a release page",
                Page::Missing => "no release page",
                Page::Unknown => "release page not known",
            });
            facts.extend(version.proven.then_some("proven from the registry"));
            facts.extend((version.provenance == Provenance::Attested).then_some("provenance"));
            facts.extend(version.deprecated.as_ref().map(|_| "deprecated"));
            lines.push(format!("{}: {}", version.version, facts.join(", ")));
        }
        lines.push(format!("workspace: {}", self.workspace));
        lines.extend(self.unfinished.iter().map(|line| format!("unfinished: {line}")));
        lines.extend(self.unknown.iter().map(|line| format!("not known: {line}")));
        lines.push(format!("next: {} ({})", self.next.command, self.next.reason));
        lines
    }
}
