//! Moving a tag, for promote and rollback alike: the commands are shown, or run and verified.

use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use fs_err as fs;
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Decision, Work};
use ktx_publish::tag_move::{MoveOptions, MovePlan, MoveReport};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::session::Session;

use super::{PlaceArgs, SessionDesk, failure, location, print_notes, print_tags, registry, released};

/// How long a registry may take to serve a tag that was moved.
const MOVE_PATIENCE: Duration = Duration::from_secs(10 * 60);

// No doc comment: clap would make it the text of every command that flattens this.
#[derive(Args)]
pub struct MoveArgs {
    /// Run the commands; without it they are only shown
    #[arg(long)]
    execute: bool,
    /// Another Sigstore trusted root than the pinned one, for an instance of your own
    #[arg(long, value_name = "FILE", hide = true)]
    trusted_root: Option<Utf8PathBuf>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Where a tag is moved.
pub fn move_options(session: &Session<'_>, arguments: &MoveArgs) -> Result<MoveOptions> {
    Ok(MoveOptions {
        location: location(session, arguments.place.artifacts.as_ref())?,
        registry: registry(arguments.place.registry.as_deref())?,
        released: released(session)?,
        trusted_root: trusted_root(arguments.trusted_root.as_deref())?,
        patience: MOVE_PATIENCE,
    })
}

/// The text of `--trusted-root`.
pub fn trusted_root(path: Option<&Utf8Path>) -> Result<Option<String>> {
    let text = path.map(|path| {
        fs::read_to_string(path).map_err(|error| {
            Failure::new(Exit::Usage, error.to_string())
                .hint("pass a file in the format of trusted_root.json")
        })
    });
    Ok(text.transpose()?)
}

/// Shows a move, and carries it out when that was asked for. Someone who runs the commands by hand repeats this, which
/// says whether the registry has the move.
pub fn carry_out(session: &Session<'_>, plan: &MovePlan, arguments: &MoveArgs) -> Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        plan: &'a Decision,
        registry: &'a RegistryUrl,
        commands: Vec<String>,
        report: Option<&'a MoveReport>,
    }
    let decision = plan.decision();
    let printer = session.printer;
    let away = decision
        .broken
        .as_ref()
        .map(|broken| format!(", away from {broken},"));
    printer.data(&format!(
        "point {} at {NPM_PACKAGE}@{}{} on {}",
        decision.tag,
        decision.version,
        away.unwrap_or_default(),
        plan.registry()
    ));
    print_tags(session, Some(&decision.tags_before), Some(&decision.tags_after));
    for result in &decision.rules {
        printer.data(&result.line());
    }
    print_notes(session, &decision.notes);
    let is_done = decision.work == Work::Nothing;
    let commands = std::iter::once(plan.command()).chain(plan.deprecation());
    let mut document = Document {
        plan: decision,
        registry: plan.registry(),
        commands: commands.filter(|_| !is_done).collect(),
        report: None,
    };
    if is_done {
        // Nothing is written: the registry is asked again, as the plan may come from an old answer.
        plan.execute(&SessionDesk(session))
            .map_err(|error| failure(session, error))?;
        printer.data("done already, as read from the registry");
        return printer.document(&document);
    }
    if !arguments.execute {
        printer.data("dry run: nothing was written; run this with your 2FA code");
        for command in &document.commands {
            printer.data(&format!("  {command}"));
        }
        match plan.again() {
            Some(again) => printer.data(&format!(
                "then `{again}`, which verifies the outcome; or add --execute to it"
            )),
            None => printer.data("then this command again, which verifies the outcome; or add --execute"),
        }
        return printer.document(&document);
    }
    let report = plan
        .execute(&SessionDesk(session))
        .map_err(|error| failure(session, error))?;
    print_notes(session, &report.notes);
    printer.data(&format!("{} points at {}", report.tag, report.version));
    if let Some(command) = plan.deprecation() {
        printer.data(&format!("to warn users of the broken version: {command}"));
    }
    document.report = Some(&report);
    printer.document(&document)
}
