//! Looks until the registry serves what it was given: the same bytes, the planned tags, no other tag moved.

use std::thread;
use std::time::{Duration, Instant};

use ktx_names::NPM_PACKAGE;
use ktx_policy::guard::{Commands, Tags};

use crate::artifacts::Tarball;
use crate::desk::Desk;
use crate::error::PublishError;
use crate::registry::Registry;

/// The pause after the first look; each further one is half as long again, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A registry behind a cache answers from several places; one good answer may be followed by an old one.
const GOOD_LOOKS: u32 = 2;

/// What must be seen.
#[derive(Debug, Clone)]
pub struct Expectation<'a> {
    /// The version.
    pub version: &'a str,
    /// Its bytes, when they were published from here.
    pub tarball: Option<&'a Tarball>,
    /// Every tag with the version that it points at.
    pub tags: &'a Tags,
}

/// What was seen in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Everything as expected.
    AsExpected,
    /// The version is served, but the tags are not as planned; how.
    OtherTags(String),
    /// The version is not served yet; what was seen instead.
    NotYet(String),
}

/// Looks until everything is as expected or the patience is at its end. Other bytes end the wait at once.
pub fn read_back(
    registry: &Registry,
    expectation: &Expectation<'_>,
    patience: Duration,
    desk: &dyn Desk,
) -> Result<Sight, PublishError> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    let mut good_looks = 0;
    let mut said = String::new();
    loop {
        if desk.interrupted() {
            return Err(PublishError::Interrupted);
        }
        let sight = look(registry, expectation)?;
        good_looks = if sight == Sight::AsExpected {
            good_looks + 1
        } else {
            0
        };
        if good_looks >= GOOD_LOOKS {
            return Ok(Sight::AsExpected);
        }
        if let Sight::OtherTags(what) | Sight::NotYet(what) = &sight {
            if Instant::now() >= deadline {
                return Ok(sight);
            }
            if *what != said {
                desk.talk(&format!("waiting for the registry: {what}"));
                said.clone_from(what);
            }
        }
        wait(
            pause.min(deadline.saturating_duration_since(Instant::now())),
            desk,
        );
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

fn look(registry: &Registry, expectation: &Expectation<'_>) -> Result<Sight, PublishError> {
    let version = expectation.version;
    let packument = match registry.packument(NPM_PACKAGE) {
        Ok(Some(packument)) => packument,
        Ok(None) => return Ok(Sight::NotYet(format!("it does not know {NPM_PACKAGE}"))),
        Err(error) => return Ok(Sight::NotYet(error.to_string())),
    };
    let Some(published) = packument.versions.get(version) else {
        return Ok(Sight::NotYet(format!("it does not list {version}")));
    };
    if let Some(tarball) = expectation.tarball {
        if published.dist.integrity.as_ref() != Some(tarball.integrity()) {
            return Err(other_bytes(version, "names another integrity"));
        }
        match registry.tarball(&published.dist.tarball) {
            Ok(bytes) if tarball.is(&bytes) => {}
            Ok(_) => return Err(other_bytes(version, "serves other bytes")),
            Err(error) => return Ok(Sight::NotYet(error.to_string())),
        }
    }
    Ok(compare(&packument.tags, expectation.tags))
}

fn compare(found: &Tags, expected: &Tags) -> Sight {
    let names = expected
        .keys()
        .chain(found.keys().filter(|name| !expected.contains_key(*name)));
    let differences: Vec<String> = names
        .filter(|name| found.get(*name) != expected.get(*name))
        .map(|name| {
            let nothing = || "nothing".to_owned();
            let found = found.get(name).cloned().unwrap_or_else(nothing);
            let expected = expected.get(name).cloned().unwrap_or_else(nothing);
            format!("{name} points at {found} instead of {expected}")
        })
        .collect();
    if differences.is_empty() {
        Sight::AsExpected
    } else {
        Sight::OtherTags(differences.join(", "))
    }
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

fn wait(pause: Duration, desk: &dyn Desk) {
    let end = Instant::now() + pause;
    while !desk.interrupted() && Instant::now() < end {
        thread::sleep(Duration::from_millis(20).min(end.saturating_duration_since(Instant::now())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_must_be_as_planned_and_none_may_come_or_go() {
        let tags = |text: &str| -> Tags {
            let pairs = text.split_whitespace().filter_map(|word| word.split_once('='));
            pairs
                .map(|(tag, version)| (tag.to_owned(), version.to_owned()))
                .collect()
        };
        let planned = tags("latest=0.1.0 next=0.2.0");
        for (found, sight) in [
            ("latest=0.1.0 next=0.2.0", Sight::AsExpected),
            (
                "latest=0.2.0 next=0.2.0",
                Sight::OtherTags("latest points at 0.2.0 instead of 0.1.0".into()),
            ),
            (
                "latest=0.1.0",
                Sight::OtherTags("next points at nothing instead of 0.2.0".into()),
            ),
            (
                "beta=0.2.0 latest=0.1.0 next=0.2.0",
                Sight::OtherTags("beta points at 0.2.0 instead of nothing".into()),
            ),
        ] {
            assert_eq!(compare(&tags(found), &planned), sight);
        }
    }
}
