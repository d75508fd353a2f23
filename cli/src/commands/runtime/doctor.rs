//! `ktx runtime doctor`

use clap::Args;
use ktx_runtime::CheckStatus;

use crate::failure::AlreadyReported;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: DoctorArguments, session: &Session) -> anyhow::Result<()> {
    let report = session.app.runtime()?.doctor()?;
    let printer = &session.printer;
    if arguments.json {
        printer.json(&report);
    } else {
        printer.line("KTX Python runtime doctor");
        for check in &report.checks {
            let verdict = match check.status {
                CheckStatus::Pass => "PASS",
                CheckStatus::Fail => "FAIL",
            };
            printer.line(&format!("{verdict} {}: {}", check.label, check.detail));
            if let Some(fix) = &check.fix {
                printer.line(&format!("     Fix: {fix}"));
            }
        }
        printer.line("Diagnostics");
        for diagnostic in &report.diagnostics {
            printer.line(&format!("     {}: {}", diagnostic.label, diagnostic.detail));
        }
    }
    if report.is_healthy() {
        Ok(())
    } else {
        Err(AlreadyReported.into())
    }
}
