//! What every command is given: the environment, the interrupt, and a desk to report to.

use std::path::PathBuf;
use std::sync::Arc;

use ktx_project::Folder;
use ktx_runtime::{Consent, Dialogue, Environment, Event, Interrupt, Observer, Runtime};

use crate::Error;

/// What a command reports to while it works: it asks questions, prints lines and shows progress.
pub trait Desk: Dialogue + Observer {
    /// A line for `--debug`.
    fn debug(&self, line: &str);

    /// A step of work that takes long, for desks that show it.
    fn progress(&self, _step: &str) {}
}

/// Lives as long as the command.
#[derive(Clone)]
pub struct App {
    pub environment: Environment,
    /// Raised by Ctrl-C and SIGTERM; loops and waits check it.
    pub interrupt: Interrupt,
    /// The value of `--project-dir`.
    pub project_dir: Option<PathBuf>,
    /// `--with-uv`: downloading uv is agreed to.
    pub with_uv: bool,
    pub desk: Arc<dyn Desk>,
    /// The version of the program, which its runtime must match.
    pub version: &'static str,
}

/// A shared desk, as a runtime observes through it.
struct Watching(Arc<dyn Desk>);

impl Observer for Watching {
    fn observe(&self, event: &Event<'_>) {
        self.0.observe(event);
    }
}

impl App {
    /// The managed runtime of this version. Making the handle touches nothing.
    ///
    /// # Errors
    /// When its folder cannot be determined.
    pub fn runtime(&self) -> Result<Runtime, Error> {
        let runtime = Runtime::new(self.environment.clone(), self.version, self.interrupt.clone())
            .map_err(ktx_runtime::Error::from)?;
        let (desk, agreed) = (Arc::clone(&self.desk), self.with_uv);
        let ask = move |question: &str| match () {
            () if agreed => Consent::Given,
            () if desk.is_interactive() => desk.ask(question),
            () => Consent::Declined,
        };
        Ok(runtime
            .observed_by(Watching(Arc::clone(&self.desk)))
            .asking_for_uv(ask))
    }

    /// The desk as the runtime asks and reports.
    pub fn dialogue(&self) -> Arc<dyn Dialogue> {
        Arc::clone(&self.desk) as Arc<dyn Dialogue>
    }

    /// The folder that the flag, the environment or the working folder names; it need not hold a project yet.
    pub fn folder(&self) -> Result<Folder, Error> {
        let Some(working) = self.environment.current_dir() else {
            return Err(Error::refused("failed to find the working folder: it is gone"));
        };
        let folder = Folder::discover(self.project_dir.as_deref(), &self.environment, working)?;
        self.desk.debug(&format!("projectDir={}", folder.dir().display()));
        Ok(folder)
    }

    pub(crate) fn warn(&self, warning: &str) {
        self.desk.say(&format!("warning: {warning}"));
    }
}
