//! Flags that several commands take. What only one command takes is defined beside it.

use std::path::PathBuf;

use clap::Args;
use ktx_runtime::InstallPolicy;

/// Flags before or after any command.
#[derive(Clone, Debug, Args)]
pub struct GlobalArguments {
    /// The project's folder [default: KTX_PROJECT_DIR, the nearest folder with a ktx.yaml, or the current one]
    #[arg(long, global = true, value_name = "PATH")]
    pub project_dir: Option<PathBuf>,
    /// Let ktx download its own uv when it has to install the runtime and finds none
    #[arg(long, global = true, hide = true)]
    pub with_uv: bool,
    /// Report decisions on stderr
    #[arg(long, global = true)]
    pub debug: bool,
}

/// `--with-uv` in the help of a command that may install. Every command takes it: clap hands the value to
/// [`GlobalArguments::with_uv`], which has the same name.
#[derive(Debug, Clone, Args)]
pub struct UvArguments {
    /// Let ktx download uv for itself when the Python runtime must be installed and uv is missing
    #[arg(long)]
    with_uv: bool,
}

/// The flags of every command that may need Python.
#[derive(Debug, Clone, Args)]
pub struct PolicyArguments {
    /// Install the Python runtime without asking, if it is needed
    #[arg(long)]
    pub yes: bool,
    /// Never ask and never install
    #[arg(long)]
    pub no_input: bool,
    #[command(flatten)]
    pub uv: UvArguments,
}

impl PolicyArguments {
    /// Both at once are refused, whether Python is needed or not.
    pub fn policy(&self) -> anyhow::Result<InstallPolicy> {
        Ok(InstallPolicy::from_flags(self.yes, self.no_input)?)
    }
}
