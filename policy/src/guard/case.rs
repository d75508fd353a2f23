//! A judgement in progress: the outcome of each rule, the refusals, and the registry's tags around the change.

use super::commands::Commands;
use super::decision::{Decision, Rule, RuleResult, RuleState, Tags, Work};
use super::facts::{PackageState, RegistryState};
use super::refusal::{NextStep, Refusal, RefusalCode, Refused};

pub(super) struct Case<'a> {
    rules: &'static [Rule],
    pub(super) commands: &'a Commands,
    state: Option<PackageState>,
    results: Vec<RuleResult>,
    refusals: Vec<Refusal>,
    tags_after: Option<Tags>,
    missing: &'static str,
}

impl<'a> Case<'a> {
    /// A judgement by `rules`, over what `registry` says.
    pub(super) fn open(rules: &'static [Rule], commands: &'a Commands, registry: &RegistryState) -> Self {
        let state = match registry {
            RegistryState::Unknown(_) => None,
            RegistryState::NoPackage => Some(PackageState::default()),
            RegistryState::Package(package) => Some(package.clone()),
        };
        Self {
            rules,
            commands,
            missing: match state {
                Some(_) => "a rule above must hold first",
                None => "the registry's facts are not known",
            },
            state,
            results: Vec::new(),
            refusals: Vec::new(),
            tags_after: None,
        }
    }

    /// A rule was checked and holds, unless something refuses by it.
    pub(super) fn checked(&mut self, rule: Rule) {
        self.note(rule, RuleState::Passed, None);
    }

    /// A rule holds, and this is what the answer rests on.
    pub(super) fn checked_by(&mut self, rule: Rule, because: impl Into<String>) {
        self.note(rule, RuleState::Passed, Some(because.into()));
    }

    /// A rule was not checked, with the reason.
    pub(super) fn skipped(&mut self, rule: Rule, because: impl Into<String>) {
        self.note(rule, RuleState::NotChecked, Some(because.into()));
    }

    pub(super) fn refuse(
        &mut self,
        rule: Rule,
        code: RefusalCode,
        reason: impl Into<String>,
        way_out: NextStep,
    ) {
        self.note(rule, RuleState::Refused, None);
        self.refusals.push(Refusal {
            code,
            rule,
            reason: reason.into(),
            way_out,
        });
    }

    /// A refusal wins; otherwise the first outcome of a rule is kept.
    fn note(&mut self, rule: Rule, state: RuleState, because: Option<String>) {
        let result = RuleResult { rule, state, because };
        match self.results.iter_mut().find(|known| known.rule == rule) {
            Some(known) if state == RuleState::Refused => *known = result,
            Some(_) => {}
            None => self.results.push(result),
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.refusals.is_empty()
    }

    /// The tags as `change` would leave them.
    pub(super) fn foresee(&mut self, change: impl Fn(&mut Tags)) {
        let mut after = self.state.as_ref().map(|state| state.tags.clone());
        after.iter_mut().for_each(change);
        self.tags_after = after;
    }

    /// The decision, when nothing refuses it.
    pub(super) fn close(
        self,
        work: Work,
        version: &str,
        tag: &str,
        notes: Vec<String>,
    ) -> Result<Decision, Refused> {
        if !self.is_clean() {
            return Err(self.refused());
        }
        let rules = self.all_rules();
        let state = self.state.unwrap_or_default();
        Ok(Decision {
            work,
            version: version.to_owned(),
            tag: tag.to_owned(),
            broken: None,
            tags_after: self.tags_after.unwrap_or_else(|| state.tags.clone()),
            tags_before: state.tags,
            versions_before: state.versions.into_keys().collect(),
            rules,
            notes,
        })
    }

    /// The refusals, with the hint of the most serious.
    pub(super) fn refused(self) -> Refused {
        let gravest = self
            .refusals
            .iter()
            .rev()
            .max_by_key(|refusal| refusal.code.class());
        Refused {
            next: Box::new(gravest.map(|refusal| refusal.way_out.clone()).unwrap_or_default()),
            rules: self.all_rules(),
            refusals: self.refusals,
            tags_before: self.state.map(|state| state.tags),
            tags_after: self.tags_after,
        }
    }

    fn all_rules(&self) -> Vec<RuleResult> {
        let result = |rule: &Rule| {
            let known = self.results.iter().find(|result| result.rule == *rule);
            known.cloned().unwrap_or_else(|| RuleResult {
                rule: *rule,
                state: RuleState::NotChecked,
                because: Some(self.missing.to_owned()),
            })
        };
        self.rules.iter().map(result).collect()
    }
}
