//! A small registry, and the steps of those who write to it: they plan, look once more, write, and look at what came of it.

use ktx_policy::ReleaseVersion;
use ktx_policy::guard::{
    Decision, FirstLatest, Integrity, PackageState, PromoteRequest, Provenance, PublishRequest,
    PublishedProof, RegistryState, RollbackRequest, Sight, TrustDowngrade, VersionFacts, Witnesses, Work,
    look, outdated, promote, publish, rollback,
};

use super::states::{LANES, PLAIN};

/// What somebody runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Version, tag and bytes.
    Publish(&'static str, &'static str, &'static str),
    /// The tag to promote from.
    Promote(&'static str),
    /// The tag, and the broken version and the target when they are named.
    Rollback(&'static str, Option<&'static str>, Option<&'static str>),
    /// `npm dist-tag add` with a version and a tag, which asks for no rule.
    AddTag(&'static str, &'static str),
}

impl Command {
    /// Whether it may move a tag down.
    pub fn goes_down(self) -> bool {
        matches!(self, Self::Rollback(..) | Self::AddTag(..))
    }

    fn bytes(self) -> Option<Integrity> {
        match self {
            Self::Publish(_, _, bytes) => Some(Integrity(bytes.to_owned())),
            _ => None,
        }
    }

    /// What the guard says to it; a person asks no guard.
    pub fn plan(self, registry: &PackageState) -> Option<Decision> {
        let state = RegistryState::Package(registry.clone());
        match self {
            Self::Publish(version, tag, _) => {
                let integrity = self.bytes();
                let request = PublishRequest {
                    version,
                    tag,
                    policy_tag: "next",
                    lanes: &LANES,
                    integrity: integrity.as_ref(),
                    provenance: Provenance::Missing,
                    first_latest: FirstLatest::Refused,
                    trust_downgrade: TrustDowngrade::Refused,
                    commands: &PLAIN,
                };
                publish(&request, &state).ok()
            }
            Self::Promote(from) => {
                let version = registry.tags.get(from)?;
                let request = PromoteRequest {
                    provenance: ktx_policy::guard::ProvenanceVerdict::NotRequired,
                    from,
                    to: "latest",
                    proof: Some(PublishedProof::Served {
                        version: version.clone(),
                        integrity: registry.versions[version].integrity.clone()?,
                    }),
                    trust_downgrade: TrustDowngrade::Refused,
                    commands: &PLAIN,
                };
                promote(&request, &state).ok()
            }
            Self::Rollback(tag, from, to) => {
                let witnesses = Witnesses {
                    receipts: registry.versions.keys().cloned().collect(),
                    ..Witnesses::default()
                };
                let request = RollbackRequest {
                    tag,
                    from,
                    to,
                    confirmed: None,
                    witnesses: &witnesses,
                    commands: &PLAIN,
                };
                rollback(&request, &state).ok()
            }
            Self::AddTag(..) => None,
        }
    }

    /// What a registry does with the write of `decision`: a number is taken once, and the tag goes where the last write
    /// says.
    pub fn write(self, decision: &Decision, registry: &mut PackageState) {
        if decision.work == Work::Publish {
            if registry.versions.contains_key(&decision.version) {
                return;
            }
            let facts = VersionFacts {
                integrity: self.bytes(),
                provenance: Provenance::Missing,
                published_at: None,
                deprecated: None,
            };
            registry.versions.insert(decision.version.clone(), facts);
        }
        if decision.work != Work::Nothing {
            registry
                .tags
                .insert(decision.tag.clone(), decision.version.clone());
        }
    }
}

/// A command, and how far it got.
#[derive(Clone, Debug)]
pub struct Actor {
    pub command: Command,
    pub plan: Option<Decision>,
    /// Which states the last look before the write was at: of the packument, and of the list of dist-tags.
    checked: Option<[usize; 2]>,
    pub wrote: Option<Wrote>,
    pub end: Option<End>,
}

/// What a write did.
#[derive(Clone, Copy, Debug)]
pub struct Wrote {
    /// Whether it moved the tag down, away from another version than the one that a rollback names.
    pub lowered: bool,
    /// Whether the last look had shown what was there.
    pub was_seen: bool,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub enum End {
    /// Something forbade it.
    Refused,
    /// There was nothing to do.
    Already,
    /// It reports that what it looked at last had changed, and that it wrote nothing.
    Outdated,
    /// It wrote, and reports what it saw.
    Seen(Sight),
    /// Nobody looks after `npm dist-tag add`.
    Unseen,
}

impl Actor {
    pub fn new(command: Command) -> Self {
        Self {
            command,
            plan: None,
            checked: None,
            wrote: None,
            end: None,
        }
    }

    /// Every way in which the next step can go on a registry that has had these `states`: each answer may be an old one.
    pub fn steps(&self, states: &[PackageState]) -> Vec<(Self, Option<PackageState>)> {
        let views = 0..states.len();
        let read = |step: &dyn Fn(&mut Self, usize)| {
            let next = |view| {
                let mut actor = self.clone();
                step(&mut actor, view);
                (actor, None)
            };
            views.clone().map(next).collect()
        };
        let now = states.last().unwrap();
        match (&self.plan, self.checked, self.command) {
            (_, _, Command::AddTag(version, tag)) => {
                let (mut actor, mut after) = (self.clone(), now.clone());
                if after.versions.contains_key(version) {
                    after.tags.insert(tag.to_owned(), version.to_owned());
                }
                actor.end = Some(End::Unseen);
                vec![(actor, Some(after))]
            }
            (None, _, command) => read(&|actor, view| {
                actor.plan = command.plan(&states[view]);
                actor.end = actor.plan.is_none().then_some(End::Refused);
            }),
            (Some(plan), None, _) => {
                let pairs = views
                    .clone()
                    .flat_map(|one| views.clone().map(move |other| [one, other]));
                pairs
                    .map(|pair| (self.checks(plan, pair, states), None))
                    .collect()
            }
            (Some(plan), Some(checked), command) if self.wrote.is_none() && plan.work != Work::Nothing => {
                let (mut actor, mut after) = (self.clone(), now.clone());
                command.write(plan, &mut after);
                let tags = [now, &after].map(|state| state.tags.get(&plan.tag));
                let lowered = match tags {
                    [Some(before), Some(after)] => parse(before).is_above(&parse(after)),
                    _ => false,
                };
                actor.wrote = Some(Wrote {
                    lowered: lowered && tags[0] != plan.broken.as_ref(),
                    was_seen: checked == [states.len() - 1; 2],
                });
                vec![(actor, Some(after))]
            }
            (Some(plan), Some(_), command) => read(&|actor, view| {
                let sight = look(plan, command.bytes().as_ref(), &states[view]);
                actor.end = Some(End::Seen(sight));
            }),
        }
    }

    /// The look just before the write, at the packument and the list of dist-tags.
    fn checks(&self, plan: &Decision, [packument, tags]: [usize; 2], states: &[PackageState]) -> Self {
        let mut actor = self.clone();
        let listed = PackageState {
            tags: states[tags].tags.clone(),
            ..states[packument].clone()
        };
        let is_outdated = [&states[packument], &listed]
            .into_iter()
            .any(|state| outdated(plan, state).is_some());
        let is_move = !matches!(self.command, Command::Publish(..));
        actor.checked = Some([packument, tags]);
        actor.end = match (is_outdated, plan.work) {
            // A publication that finds its work done goes on to compare the bytes.
            (_, Work::Nothing) if !is_move => None,
            (true, _) => Some(End::Outdated),
            (false, Work::Nothing) => Some(End::Already),
            (false, _) => None,
        };
        actor
    }
}

pub fn parse(version: &str) -> ReleaseVersion {
    version.parse().unwrap()
}
