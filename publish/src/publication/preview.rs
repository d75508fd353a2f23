//! What a publication would do, as far as can be known: as lines for people, as one document for pipelines.

use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Integrity, NextStep, RuleResult, Tags, Work};
use ktx_policy::readiness::{Gate, GateState};
use serde::Serialize;

/// A publication as far as it can be foreseen.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The package.
    pub package: &'static str,
    /// The version to publish.
    pub version: String,
    /// The requested dist-tag.
    pub tag: String,
    /// The registry it is to go to.
    pub registry: RegistryUrl,
    /// The integrity of the bytes, when there is a tarball.
    pub integrity: Option<Integrity>,
    /// The command line of npm; the tarball's private copy is made when it runs.
    pub command: String,
    /// What the guard allows; null when it refuses.
    pub work: Option<Work>,
    /// The registry's tags now, when they are known.
    pub tags_before: Option<Tags>,
    /// The registry's tags afterwards, when that can be said.
    pub tags_after: Option<Tags>,
    /// The conditions of a release.
    pub gates: Vec<Gate>,
    /// The rules of the guard.
    pub rules: Vec<RuleResult>,
    /// What the user should know although it forbids nothing.
    pub notes: Vec<String>,
    /// What only publishing can show.
    pub unchecked: Vec<&'static str>,
    /// The one thing to do next, when something blocks it.
    pub next: Option<NextStep>,
}

impl Preview {
    /// The verdict of every gate and every rule, one line each.
    pub fn verdicts(&self) -> Vec<String> {
        let gates = self.gates.iter().map(|gate| match &gate.state {
            GateState::Open => format!("passed: gate {}", gate.name.name()),
            GateState::Closed(_) => format!("refused: gate {}", gate.name.name()),
            GateState::NotChecked(because) => format!("not checked: gate {} ({because})", gate.name.name()),
        });
        let rules = self.rules.iter().map(RuleResult::line);
        let unchecked = self.unchecked.iter().map(|what| format!("not checked: {what}"));
        gates.chain(rules).chain(unchecked).collect()
    }
}
