//! The fields that say what a wheel installs: requirements, commands, packages and patterns of files.

use std::collections::BTreeMap;

use glob::Pattern;
use ktx_manifest::ArchivePath;
use pep508_rs::{ExtraName, Requirement, VersionOrUrl};

use super::fields::Fields;
use crate::wheel::entry_points::{self, Groups};

impl Fields<'_> {
    pub fn entry_points(
        &mut self,
        scripts: BTreeMap<String, String>,
        gui_scripts: BTreeMap<String, String>,
        mut groups: Groups,
    ) -> Groups {
        for (group, field, points) in [
            ("console_scripts", "scripts", scripts),
            ("gui_scripts", "gui-scripts", gui_scripts),
        ] {
            if groups.remove(group).is_some() {
                self.note(
                    &format!("entry-points.{group}"),
                    &format!("belongs in `project.{field}`"),
                );
            }
            if !points.is_empty() {
                groups.insert(group.to_owned(), points);
            }
        }
        for reason in entry_points::refusals(&groups) {
            self.note("entry-points", &reason);
        }
        groups
    }

    pub fn requirements(&mut self, field: &str, requirements: &[String]) -> Vec<Requirement> {
        let mut parsed = Vec::new();
        for (index, text) in requirements.iter().enumerate() {
            let place = format!("{field}[{index}]");
            let Some(requirement) = self.parsed::<Requirement>(&place, text) else {
                continue;
            };
            if matches!(requirement.version_or_url, Some(VersionOrUrl::Url(_))) {
                self.note(
                    &place,
                    &format!("{text:?} names an address; package indexes refuse that"),
                );
            }
            parsed.push(requirement);
        }
        parsed
    }

    pub fn optional_dependencies(
        &mut self,
        groups: &BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<ExtraName, Vec<Requirement>> {
        let mut extras = BTreeMap::new();
        for (name, requirements) in groups {
            let field = format!("optional-dependencies.{name}");
            let requirements = self.requirements(&field, requirements);
            let Some(extra) = self.parsed::<ExtraName>(&field, name) else {
                continue;
            };
            if extras.insert(extra, requirements).is_some() {
                self.note(&field, "another extra has the same normalised name");
            }
        }
        extras
    }

    pub fn module_root(&mut self, root: Option<String>) -> Option<String> {
        let root = root.unwrap_or_else(|| "src".to_owned());
        if root.is_empty() {
            return Some(root);
        }
        let path = self.parsed::<ArchivePath>("tool.uv.build-backend.module-root", &root)?;
        Some(path.as_str().to_owned())
    }

    pub fn packages(&mut self, mut names: Vec<String>) -> Vec<String> {
        let field = "tool.uv.build-backend.module-name";
        if names.is_empty() {
            self.note(field, "expected the names of the packages");
        }
        for name in names.iter().filter(|name| !entry_points::is_identifier(name)) {
            self.note(field, &format!("{name:?} is not the name of a top-level package"));
        }
        names.sort();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            self.note(field, "a package is named twice");
        }
        names
    }

    /// Patterns of PEP 639: relative, with `/`, without `..`.
    pub fn patterns(&mut self, field: &str, patterns: &[String]) -> Vec<Pattern> {
        let mut parsed = Vec::new();
        for text in patterns {
            let inside = !text.is_empty() && !text.starts_with('/') && !text.contains(['\\', '\n']);
            if !inside || text.split('/').any(|name| name == "..") {
                self.note(field, &format!("{text:?} is not a pattern inside the project"));
                continue;
            }
            match Pattern::new(text) {
                Ok(pattern) => parsed.push(pattern),
                Err(error) => self.note(field, &format!("{text:?} is not a pattern: {}", error.msg)),
            }
        }
        parsed
    }
}
