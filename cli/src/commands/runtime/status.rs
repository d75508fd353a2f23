//! `ktx runtime status`

use clap::Args;

use crate::session::Session;

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print the status as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: StatusArguments, session: &Session) -> anyhow::Result<()> {
    let runtime = session.app.runtime()?;
    let status = runtime.status();
    let printer = &session.printer;
    if arguments.json {
        printer.json(&status);
        return Ok(());
    }
    printer.line("KTX Python runtime");
    printer.line(&format!("status: {}", status.kind.name()));
    printer.line(&format!("detail: {}", status.detail));
    printer.line(&format!("runtime root: {}", status.layout.runtime_root.display()));
    printer.line(&format!("version dir: {}", status.layout.version_dir.display()));
    if let Some(manifest) = &status.manifest {
        printer.line(&format!("features: {}", manifest.features));
        printer.line(&format!("python: {}", status.layout.python_path.display()));
        printer.line(&format!("daemon: {}", status.layout.daemon_path.display()));
    }
    super::warn_of_lacking(session);
    Ok(())
}
