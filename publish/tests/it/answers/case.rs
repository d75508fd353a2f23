//! One command before one registry that misbehaves, and what must hold of how it ends.

use std::time::Duration;

use ktx_fixtures::registry_proxy::{Fault, Proxy};
use ktx_policy::guard::TrustDowngrade;
use ktx_publish::publication::PublishResult;
use ktx_publish::receipt::OperationOutcome;
use ktx_publish::tag_move::{MoveOptions, MovePlan, PromoteOptions, RollbackOptions, promote, rollback};
use ktx_publish::{ErrorClass, PublishError};

use crate::support::release::tagged;
use crate::support::{LocalRegistry, Quiet, Release, tags};

/// Long enough for two looks, short enough for a few hundred cases.
const PATIENCE: Duration = Duration::from_millis(150);

/// The commands that write; each has one move to make between 0.1.0 and 0.3.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Publish,
    Promote,
    Rollback,
}

impl Command {
    pub const ALL: [Self; 3] = [Self::Publish, Self::Promote, Self::Rollback];

    /// The tag that it moves, and where to.
    pub fn aim(self) -> (&'static str, &'static str) {
        match self {
            Self::Publish => ("next", "0.3.0"),
            Self::Promote => ("latest", "0.3.0"),
            Self::Rollback => ("latest", "0.1.0"),
        }
    }

    /// Where that tag was before.
    pub fn before(self) -> &'static str {
        match self {
            Self::Publish | Self::Promote => "0.1.0",
            Self::Rollback => "0.3.0",
        }
    }

    /// The tags before and after it.
    pub fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Publish => ("latest=0.1.0 next=0.1.0", "latest=0.1.0 next=0.3.0"),
            Self::Promote => ("latest=0.1.0 next=0.3.0", "latest=0.3.0 next=0.3.0"),
            Self::Rollback => ("latest=0.3.0 next=0.3.0", "latest=0.1.0 next=0.3.0"),
        }
    }
}

/// What a command came to.
pub enum Claim {
    Done,
    Accepted,
}

pub struct Case {
    command: Command,
    pub registry: LocalRegistry,
    pub proxy: Proxy,
    release: Release,
}

impl Case {
    pub fn new(command: Command, faults: &[Fault]) -> Self {
        let registry = LocalRegistry::start();
        let proxy = Proxy::before(registry.port(), faults);
        let mut release = Release::new("0.3.0", &registry, proxy.url());
        release.options.patience.publication = PATIENCE;
        release.options.patience.first_publication = PATIENCE;
        release.options.patience.failure = PATIENCE;
        registry.store("0.1.0", &["latest", "next"], b"the first one");
        if command != Command::Publish {
            let tarball = fs_err::read(release.tarball()).unwrap();
            registry.store("0.3.0", &["next"], &tarball);
            release.prove_published();
        }
        if command == Command::Rollback {
            registry.point("latest", "0.3.0");
        }
        assert_eq!(tags(&registry.url()), command.tags().0);
        Self {
            command,
            registry,
            proxy,
            release,
        }
    }

    /// Runs the command; `meanwhile` happens when it has its plan.
    pub fn run(&self, meanwhile: impl Fn(&Self)) -> Result<Claim, PublishError> {
        let desk = Quiet::default();
        if self.command == Command::Publish {
            let plan = self.release.plan()?;
            meanwhile(self);
            return plan.execute(&desk).map(|report| match report.result {
                PublishResult::PublishedNotYetVisible { .. } => Claim::Accepted,
                _ => Claim::Done,
            });
        }
        let plan = self.plan_move(&desk)?;
        meanwhile(self);
        plan.execute(&desk).map(|_| Claim::Done)
    }

    /// Runs the command; what the user should know besides.
    pub fn run_with_notes(&self) -> Result<Vec<String>, PublishError> {
        let desk = Quiet::default();
        if self.command == Command::Publish {
            return Ok(self.release.plan()?.execute(&desk)?.notes);
        }
        Ok(self.plan_move(&desk)?.execute(&desk)?.notes)
    }

    fn plan_move(&self, desk: &Quiet) -> Result<MovePlan, PublishError> {
        let options = MoveOptions {
            patience: PATIENCE,
            released: tagged(&["0.1.0", "0.3.0"]),
            ..self.release.move_options()
        };
        if self.command == Command::Promote {
            let up = PromoteOptions {
                from: "next".into(),
                to: "latest".into(),
                trust_downgrade: TrustDowngrade::Refused,
            };
            return promote(&options, &up, &self.release.environment, desk);
        }
        let back = RollbackOptions {
            tag: "latest".into(),
            from: Some("0.3.0".into()),
            to: None,
            confirmed: None,
        };
        rollback(&options, &back, &self.release.environment, desk)
    }

    /// What is wrong with how the command ended.
    pub fn problem(&self, outcome: Result<Claim, PublishError>) -> Option<String> {
        let (before, planned) = self.command.tags();
        let after = tags(&self.registry.url());
        let receipt = self.release.outcomes().last().copied();
        let (is_before, is_planned) = (after == before, after == planned);
        let (said, is_true) = match outcome {
            Ok(Claim::Done) => (
                "done".to_owned(),
                is_planned && receipt == Some(OperationOutcome::Verified),
            ),
            Ok(Claim::Accepted) => (
                "accepted".to_owned(),
                receipt == Some(OperationOutcome::PublishedNotYetVisible),
            ),
            Err(error) => {
                let said = error.to_string();
                let denies = ["nothing was sent", "nothing was written", "nothing was published"];
                let is_true = match () {
                    () if denies.iter().any(|words| said.contains(words)) => {
                        is_before && self.proxy.uploads() == 0
                    }
                    () if matches!(error, PublishError::WrongTag { .. }) => !is_planned,
                    () => error.class() != ErrorClass::Refused || self.proxy.uploads() == 0,
                };
                let is_recorded = match receipt {
                    Some(OperationOutcome::Verified) => false,
                    None => self.proxy.uploads() == 0,
                    // Other bytes are known to be there.
                    Some(OperationOutcome::Failed) => is_before || error.class() == ErrorClass::Integrity,
                    Some(_) => true,
                };
                let class = format!("{:?}: {said}", error.class());
                (class, is_true && is_recorded)
            }
        };
        let is_right = is_true && (is_before || is_planned);
        (!is_right).then(|| format!("the tags are {after}, the receipt is {receipt:?}, said was {said}"))
    }
}
