//! Points a tag at a version with npm, and reads back the outcome.

use std::time::Duration;

use ktx_policy::guard::Decision;

use crate::desk::Desk;
use crate::error::PublishError;
use crate::npm::{Npm, TagCommand, line};
use crate::read_back::{Observed, read_back};
use crate::registry::Registry;

/// How long a registry may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MovePatience {
    /// After npm said that it moved the tag.
    pub(crate) moved: Duration,
    /// After npm failed, perhaps too late to stop the move.
    pub(crate) failure: Duration,
}

/// Moves the tag of `decision` and looks at it. Returns what the user should know.
pub(crate) fn point(
    npm: &Npm,
    registry: &Registry,
    decision: &Decision,
    patience: MovePatience,
    desk: &dyn Desk,
) -> Result<Vec<String>, PublishError> {
    let command = TagCommand {
        version: &decision.version,
        tag: &decision.tag,
        registry: registry.url(),
    };
    let arguments = command.arguments();
    desk.talk(&format!("running {}", line(&arguments)));
    // The registry is asked what it has before anything is sent again.
    let once = [&arguments[..], &["--fetch-retries=0".to_owned()]].concat();
    let said = npm.run(&once, desk)?;
    let patience = if said.succeeded {
        patience.moved
    } else {
        patience.failure
    };
    match read_back(registry, decision, None, patience, desk)? {
        Observed::Done(done) => {
            let rival = done.rival.map(|rival| lost(decision, &rival, registry));
            Ok(done.notes.into_iter().chain(rival).collect())
        }
        _ if !said.succeeded => Err(PublishError::Npm {
            failure: said.failure(),
            command: said.command,
            exit: said.exit,
            said: said.tail,
        }),
        Observed::NotVisible(seen) => Err(PublishError::NotYetVisible {
            version: decision.version.clone(),
            tag: decision.tag.clone(),
            seen,
        }),
        Observed::OtherTag(seen) => Err(PublishError::WrongTag {
            version: decision.version.clone(),
            seen,
            fix: format!(
                "find out who else moves tags, then run the same command again: {}",
                line(&arguments)
            ),
        }),
        Observed::Overtaken(by) => Err(overtaken(decision, &by, registry)),
    }
}

/// npm moves a tag whatever it points at by then, and the registry keeps no record of it.
fn lost(decision: &Decision, rival: &str, registry: &Registry) -> String {
    let tag = &decision.tag;
    let again = TagCommand {
        version: rival,
        tag,
        registry: registry.url(),
    };
    format!(
        "{rival} is higher: if somebody moved {tag} to it while this ran, that move is lost, and this repeats it: {}",
        line(&again.arguments())
    )
}

/// The registry took a lower version last, so the tag is on it.
pub(crate) fn overtaken(decision: &Decision, by: &str, registry: &Registry) -> PublishError {
    let tag = &decision.tag;
    let fix = TagCommand {
        version: by,
        tag,
        registry: registry.url(),
    };
    PublishError::WrongTag {
        version: decision.version.clone(),
        seen: format!(
            "{by} was published meanwhile, is higher, and {tag} points at {}",
            decision.version
        ),
        fix: format!(
            "if {by} is not broken, move {tag} up to it: {}",
            line(&fix.arguments())
        ),
    }
}
