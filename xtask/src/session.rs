//! What every command is given: the printer and the checkout that it works in.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use xshell::Shell;

use crate::exit::{Exit, Failure};
use crate::printer::Printer;

pub struct Session<'p> {
    pub printer: &'p Printer,
    checkout: Option<Utf8PathBuf>,
}

impl<'p> Session<'p> {
    pub fn new(printer: &'p Printer) -> Result<Self> {
        let here = std::env::current_dir().context("failed to find the current directory")?;
        let here = Utf8PathBuf::try_from(here).context("failed to read the current directory's name")?;
        Ok(Session {
            printer,
            checkout: find_checkout(&here),
        })
    }

    /// The same session in another checkout.
    pub fn elsewhere(&self, root: &Utf8Path) -> Self {
        Session {
            printer: self.printer,
            checkout: Some(root.to_owned()),
        }
    }

    /// The root of the checkout; commands that only read `--artifacts` do not need one.
    pub fn root(&self) -> Result<&Utf8Path> {
        self.checkout.as_deref().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "failed to find the ktx checkout from the current directory",
            )
            .hint("run the command inside the repository, or pass --artifacts DIR where it takes one")
            .into()
        })
    }

    /// Command lines that run at the root of the checkout.
    pub fn shell(&self) -> Result<Shell> {
        let shell = Shell::new()?;
        shell.change_dir(self.root()?);
        Ok(shell)
    }

    /// `dist/`: what the toolchain builds.
    pub fn dist(&self) -> Result<Utf8PathBuf> {
        Ok(self.root()?.join("dist"))
    }
}

/// The nearest parent folder that has the release policy beside the workspace manifest.
fn find_checkout(from: &Utf8Path) -> Option<Utf8PathBuf> {
    let marks = ["Cargo.toml", "release-policy.json"];
    from.ancestors()
        .find(|folder| marks.iter().all(|mark| folder.join(mark).is_file()))
        .map(Utf8Path::to_owned)
}
