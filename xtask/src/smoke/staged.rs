//! The smoke of a package that waits for approval in a registry: fetched, compared with the artifacts, and used.

use anyhow::Result;
use camino::Utf8PathBuf;
use ktx_announce::Release;
use ktx_publish::publication::fetch_staged;
use ktx_smoke::{Package, Scenario, ScenarioResult};

use super::{SmokeArgs, options, outcome, play};
use crate::page;
use crate::releasing::{self, SessionDesk};
use crate::session::Session;

/// Plays the scenarios with the fetched tarball, and ends with the card for the person who approves it. Writes no report:
/// the one about the artifacts is about these bytes, too.
pub fn prove(
    session: &Session<'_>,
    id: &str,
    arguments: &SmokeArgs,
    built: Package,
    selection: &[&'static Scenario],
) -> Result<()> {
    let artifacts = arguments.artifacts.as_ref();
    let location = releasing::location(session, artifacts)?;
    let sources = releasing::source_facts(session, artifacts, None)?;
    let fail = |error| releasing::failure(session, error);
    let environment = releasing::environment();
    let staged =
        fetch_staged(id, &location, &sources, None, &environment, &SessionDesk(session)).map_err(fail)?;
    session
        .printer
        .talk("the registry keeps the bytes that were built");
    let package = Package {
        tarball: Utf8PathBuf::try_from(staged.path.clone())?,
        ..built
    };
    let options = options(session, package, arguments)?;
    let whole = arguments.scenario.is_empty();
    let played = |scenario: &&&Scenario| !whole || scenario.has_subject(&options);
    let selection: Vec<_> = selection.iter().filter(played).copied().collect();
    let outcome = play(session, &options, &selection)?;
    outcome::judge(session, &outcome, None, arguments.no_skip)?;
    let passed = outcome
        .played
        .iter()
        .filter(|played| matches!(played.verdict, ScenarioResult::Passed));
    let passed: Vec<&str> = passed.map(|played| played.scenario.name).collect();
    let smoked = format!("passed with these bytes: {}", passed.join(", "));
    let release = Release::gather(&location, &sources).map_err(fail)?;
    let card = release.approval(&staged.version, &staged.tag, &staged.registry, Some(&smoked));
    page::write_card(session, &location, &card)?;
    session.printer.data(&smoked);
    releasing::print_choice(session, &staged.version);
    Ok(())
}
