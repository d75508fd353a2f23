//! The report as lines for people.

use super::report::ReadinessReport;

impl ReadinessReport {
    /// The lines of the report: what the release is, then each gate.
    pub fn lines(&self) -> Vec<String> {
        let smoke = &self.published_package_smoke_gate;
        let uv = serde_json::to_value(self.runtime_installer.uv_strategy).unwrap_or_default();
        let bootstrap = if self.runtime_installer.bootstrap_uv {
            "enabled"
        } else {
            "disabled"
        };
        let mut lines = vec![
            format!("KTX release mode: {}", self.release_mode.name()),
            format!(
                "KTX source revision: {}",
                self.source_revision.as_deref().unwrap_or("local")
            ),
            format!("KTX packages: {}", self.package_names.join(", ")),
            format!("Published package smoke: {}", smoke.status),
            format!("Published package smoke script: {}", smoke.script),
            format!("Published package smoke reason: {}", smoke.reason),
            format!(
                "Published package smoke package: {}",
                smoke.package_name.as_deref().unwrap_or("not configured")
            ),
            format!("Published package smoke version: {}", smoke.version),
            format!(
                "Published package smoke registry: {}",
                smoke.registry.as_deref().unwrap_or("default npm registry")
            ),
            format!("Runtime uv strategy: {}", uv.as_str().unwrap_or_default()),
            format!("Runtime uv bootstrap: {bootstrap}"),
        ];
        match &self.npm_publish {
            Some(publish) => lines.push(format!(
                "NPM publish target: {}@{} ({})",
                publish.package_name, publish.version, publish.tag
            )),
            None => lines.push("Registry publishing remains disabled by release-policy.json.".to_owned()),
        }
        if !self.blocked_publishing_decisions.is_empty() {
            lines.push("Required decisions before publishing:".to_owned());
            lines.extend(
                self.blocked_publishing_decisions
                    .iter()
                    .map(|decision| format!("- {decision}")),
            );
        }
        lines.extend(self.gate_lines());
        lines
    }

    /// One line per gate; below one that is not open, what is missing and what opens it.
    pub fn gate_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for gate in &self.gates {
            lines.push(format!("Gate {}: {}", gate.name.name(), gate.state.words()));
            lines.extend(gate.missing().iter().map(|missing| format!("  - {missing}")));
            lines.extend(gate.first.iter().map(|first| format!("  first: {first}")));
            lines.extend(gate.command.iter().map(|command| format!("  run: {command}")));
        }
        lines
    }
}
