//! Polls until the registry serves what it was given, or shows that it will not: the registry decides, not npm.

use std::thread;
use std::time::{Duration, Instant};

use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{Commands, Decision, PackageState, Sight, Work, look, outdated};

use crate::artifacts::Tarball;
use crate::desk::Desk;
use crate::error::PublishError;
use crate::registry::Registry;

/// The pause after the first look; each further one is half as long again, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A registry behind a cache answers from several places; one answer may be followed by an older one.
const EQUAL_LOOKS: u32 = 2;

/// What was seen in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Observed {
    /// The change is there, with what the user should know.
    Done(Done),
    /// The registry does not show the change.
    NotVisible(String),
    /// The version is there, and the tag is somewhere else; where.
    OtherTag(String),
    /// The tag is on the version, but a higher one was published meanwhile.
    Overtaken(String),
}

/// A change that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    /// A higher version that the tag may have been moved to meanwhile.
    pub(crate) rival: Option<String>,
}

/// Looks once more, just before npm writes, whether what was planned still holds: in the packument, which may come from a
/// cache, and in the list of dist-tags, which npm reads before it moves one.
pub(crate) fn check_current(registry: &Registry, decision: &Decision) -> Result<(), PublishError> {
    let mut state = match registry.packument(NPM_PACKAGE)? {
        Some(packument) => packument.state(),
        None if decision.tags_before.is_empty() => PackageState::default(),
        None => {
            let cause =
                "the registry answers that it does not have the package, which it had when this was planned";
            return Err(PublishError::RegistryUnknown(cause.to_owned()));
        }
    };
    let check = |state: &PackageState| match outdated(decision, state) {
        Some(why) => Err(PublishError::Outdated(why)),
        None => Ok(()),
    };
    check(&state)?;
    match (decision.work, registry.tags(NPM_PACKAGE)) {
        (_, Ok(tags)) => state.tags = tags,
        // Publishing needs no such list, and a registry may have none.
        (Work::Publish, Err(_)) => return Ok(()),
        (_, Err(error)) => return Err(error),
    }
    check(&state)
}

/// Looks until the registry has the change or the patience ends. Other bytes end the wait at once, and so does a tag that
/// somebody else has moved.
pub(crate) fn read_back(
    registry: &Registry,
    decision: &Decision,
    tarball: Option<&Tarball>,
    patience: Duration,
    desk: &dyn Desk,
) -> Result<Observed, PublishError> {
    let deadline = Instant::now() + patience;
    let mut pauses = Pauses::until(deadline);
    let mut looks = 0;
    let mut last = None;
    loop {
        if desk.interrupted() {
            return Err(PublishError::Interrupted);
        }
        let (outcome, is_final) = look_once(registry, decision, tarball)?;
        looks = if last.as_ref() == Some(&outcome) {
            looks + 1
        } else {
            1
        };
        if (is_final && looks >= EQUAL_LOOKS) || (!is_final && Instant::now() >= deadline) {
            return Ok(outcome);
        }
        if looks == 1
            && let Observed::NotVisible(what) = &outcome
        {
            desk.talk(&format!("waiting for the registry: {what}"));
        }
        last = Some(outcome);
        match is_final {
            true => pauses.wait_in_full(desk),
            false => pauses.wait(desk),
        }
    }
}

/// What the registry shows, and whether a later look can only show the same.
fn look_once(
    registry: &Registry,
    decision: &Decision,
    tarball: Option<&Tarball>,
) -> Result<(Observed, bool), PublishError> {
    let version = &decision.version;
    let not_visible = |what: String| Ok((Observed::NotVisible(what), false));
    let packument = match registry.packument(NPM_PACKAGE) {
        Ok(Some(packument)) => packument,
        Ok(None) => return not_visible(format!("it does not know {NPM_PACKAGE}")),
        Err(error) => return not_visible(error.to_string()),
    };
    let sight = look(decision, tarball.map(Tarball::integrity), &packument.state());
    if let Some(tarball) = tarball.filter(|_| !matches!(sight, Sight::NoVersion(_) | Sight::OtherBytes)) {
        let Some(published) = packument.versions.get(version) else {
            return not_visible(format!("its description of {version} makes no sense"));
        };
        match registry.tarball(&published.dist.tarball) {
            Ok(bytes) if tarball.is(&bytes) => {}
            Ok(_) => return Err(other_bytes(version, "serves other bytes")),
            Err(error) => return not_visible(error.to_string()),
        }
    }
    Ok(match sight {
        Sight::Done { notes, rival } => (Observed::Done(Done { notes, rival }), true),
        Sight::NoVersion(what) => (Observed::NotVisible(what), false),
        Sight::OtherBytes => return Err(other_bytes(version, "names another integrity")),
        Sight::OtherTag(what) => {
            // A tag as it was before may be an old answer; any other version was set by someone else.
            let now = packument.tags.get(&decision.tag);
            if now == decision.tags_before.get(&decision.tag) {
                return not_visible(what);
            }
            (Observed::OtherTag(what), true)
        }
        Sight::Overtaken { by } => (Observed::Overtaken(by), true),
    })
}

fn other_bytes(version: &str, what: &str) -> PublishError {
    let next = version
        .parse()
        .map(|version| Commands::default().next_number(&version));
    let next = next.unwrap_or_default();
    PublishError::Integrity {
        message: format!("the registry {what} for {NPM_PACKAGE}@{version}"),
        hint: format!("somebody else published this number: find out who, then take the next one: {next}"),
    }
}

/// The pauses between looks, each half as long again as the one before.
pub(crate) struct Pauses {
    next: Duration,
    deadline: Instant,
}

impl Pauses {
    pub(crate) fn until(deadline: Instant) -> Self {
        Self {
            next: FIRST_PAUSE,
            deadline,
        }
    }

    /// Waits, but not beyond the deadline.
    pub(crate) fn wait(&mut self, desk: &dyn Desk) {
        let rest = self.deadline.saturating_duration_since(Instant::now());
        self.wait_for(self.next.min(rest), desk);
    }

    /// Waits even when the deadline is over, for a second look at the same.
    pub(crate) fn wait_in_full(&mut self, desk: &dyn Desk) {
        self.wait_for(self.next, desk);
    }

    fn wait_for(&mut self, pause: Duration, desk: &dyn Desk) {
        let end = Instant::now() + pause;
        while !desk.interrupted() && Instant::now() < end {
            thread::sleep(Duration::from_millis(20).min(end.saturating_duration_since(Instant::now())));
        }
        self.next = (self.next * 3 / 2).min(LONGEST_PAUSE);
    }
}
