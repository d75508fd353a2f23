//! Moving a tag, for promote and rollback alike: the commands are shown, or run and verified.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Plan, Work};
use ktx_publish::tag_move::{MoveOptions, MovePlan, MoveReport};
use serde::Serialize;

use crate::session::Session;

use super::{Place, SessionDesk, failure, location, print_checked, print_notes, print_tags, registry};

/// How long a registry may take to serve a tag that was moved.
const MOVE_PATIENCE: Duration = Duration::from_secs(10 * 60);

// No doc comment: clap would make it the text of every command that flattens this.
#[derive(Args)]
pub struct MoveArgs {
    /// Run the commands; without it they are only shown
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    place: Place,
}

/// Where a tag is moved.
pub fn move_options(session: &Session<'_>, arguments: &MoveArgs) -> Result<MoveOptions> {
    Ok(MoveOptions {
        location: location(session, arguments.place.artifacts.as_ref())?,
        registry: registry(arguments.place.registry.as_deref())?,
        patience: MOVE_PATIENCE,
    })
}

/// Shows a move, and carries it out when that was asked for. Whoever runs the commands by hand runs this again, and is
/// told whether the registry has it.
pub fn carry_out(session: &Session<'_>, plan: &MovePlan, arguments: &MoveArgs) -> Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        plan: &'a Plan,
        registry: &'a RegistryUrl,
        commands: Vec<String>,
        report: Option<&'a MoveReport>,
    }
    let guard = plan.guard();
    let printer = session.printer;
    printer.data(&format!(
        "point {} at @kaelio/ktx@{} on {}",
        guard.tag,
        guard.version,
        plan.registry()
    ));
    print_tags(session, Some(&guard.tags_before), Some(&guard.tags_after));
    print_checked(session, guard.checked.iter().map(|rule| rule.words()));
    print_notes(session, &guard.notes);
    let commands: Vec<String> = std::iter::once(plan.command())
        .chain(plan.deprecation())
        .collect();
    let mut document = Document {
        plan: guard,
        registry: plan.registry(),
        commands,
        report: None,
    };
    if guard.work == Work::Nothing {
        printer.data("done already, as read from the registry");
        return printer.document(&document);
    }
    if !arguments.execute {
        printer.data("dry run: nothing was written; a person with a second factor runs");
        document
            .commands
            .iter()
            .for_each(|command| printer.data(&format!("  {command}")));
        printer.data("then this command again, which verifies the outcome; or add --execute");
        return printer.document(&document);
    }
    let report = plan
        .execute(&SessionDesk(session))
        .map_err(|error| failure(session, error))?;
    printer.data(&format!("{} points at {}", report.tag, report.version));
    if let Some(command) = plan.deprecation() {
        printer.data(&format!("to warn those who have the other version: {command}"));
    }
    document.report = Some(&report);
    printer.document(&document)
}
