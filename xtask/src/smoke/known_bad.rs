//! `cargo xtask smoke --known-bad`: does the smoke itself work?

use anyhow::Result;
use camino::Utf8Path;
use comfy_table::{Table, presets};
use ktx_smoke::known_bad::{Catcher, Judges, Sabotage, Trial, corpus, try_out};
use ktx_smoke::{Options, Scenario};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::session::Session;

/// The sabotages of these names; without names all, or those that the scenarios catch.
pub fn selection(
    names: &[String],
    scenarios: Option<&[&'static Scenario]>,
) -> Result<Vec<&'static Sabotage>> {
    if let Some(unknown) = names.iter().find(|name| corpus().all(|it| it.name != **name)) {
        return Err(
            Failure::new(Exit::Usage, format!("failed to find the sabotage `{unknown}`"))
                .hint("the names are in smoke/src/known_bad/")
                .into(),
        );
    }
    let is_selected = |sabotage: &&Sabotage| match scenarios {
        _ if !names.is_empty() => names.iter().any(|name| name == sabotage.name),
        None => true,
        Some(scenarios) => scenarios
            .iter()
            .any(|scenario| sabotage.caught_by.is_scenario(scenario.name)),
    };
    Ok(corpus().filter(is_selected).collect())
}

/// Tries the sabotages.
pub fn run(
    session: &Session<'_>,
    options: &Options,
    artifacts: &Utf8Path,
    sabotages: Vec<&'static Sabotage>,
) -> Result<()> {
    let printer = session.printer;
    let step = printer.step("known-bad artifacts");
    let told = |trial: &Trial| {
        step.says(trial.sabotage);
        if trial.is_right() {
            printer.passed(trial.sabotage, trial.elapsed, &catcher(trial));
        } else {
            printer.failed(trial.sabotage, trial.elapsed, &catcher(trial));
        }
    };
    let trials = try_out(
        sabotages,
        options,
        artifacts,
        Judges {
            artifacts: &super::verify::codes,
            published: &super::verify::published,
        },
        &told,
        &|| interrupt::received().is_some(),
    );
    step.dismiss();
    let trials = trials.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    interrupt::check()?;
    for line in table(&trials).to_string().lines() {
        printer.data(line);
    }
    printer.document(&trials.iter().map(Line::of).collect::<Vec<_>>())?;
    let escaped = trials.iter().filter(|trial| !trial.is_right()).count();
    if escaped > 0 {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "{escaped} of {} known-bad artifacts were not caught as they should be",
                trials.len()
            ),
        )
        .hint("run one scenario on the good artifact first: cargo xtask smoke -v --scenario NAME")
        .into());
    }
    Ok(())
}

/// What should catch it, and what did.
fn catcher(trial: &Trial) -> String {
    let expected = match trial.expected {
        Catcher::Verify(code) => format!("verify: {code}"),
        Catcher::Published(code) => format!("verify-published: {code}"),
        Catcher::Scenario(scenario, code) => format!("{scenario}: {code}"),
        Catcher::Nobody(_) => "nothing, as expected".to_owned(),
    };
    if trial.is_right() {
        return expected;
    }
    let got = if trial.caught_with.is_empty() {
        "nothing".to_owned()
    } else {
        trial.caught_with.join(", ")
    };
    format!("expected {expected}; got {got}")
}

fn table(trials: &[Trial]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["known-bad artifact", "caught", "by"]);
    for trial in trials {
        let caught = if trial.is_right() { "yes" } else { "NO" };
        table.add_row([trial.sabotage, caught, &catcher(trial)]);
    }
    table
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'t> {
    name: &'t str,
    caught: bool,
    by: String,
    codes: &'t [String],
}

impl<'t> Line<'t> {
    fn of(trial: &'t Trial) -> Self {
        Line {
            name: trial.sabotage,
            caught: trial.is_right(),
            by: catcher(trial),
            codes: &trial.caught_with,
        }
    }
}
