//! `ktx runtime stop`

use clap::Args;
use ktx_runtime::{Error, StopMethod, StopReport};
use serde::Serialize;

use crate::failure::AlreadyReported;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct StopArguments {
    /// Stop the daemons of every version of ktx
    #[arg(long)]
    all: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// The outcome for one recorded daemon.
#[derive(Debug, Serialize)]
struct StopDocument {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub fn run(arguments: StopArguments, session: &Session) -> anyhow::Result<()> {
    let runtime = session.app.runtime()?;
    if !arguments.all {
        let report = runtime.stop()?;
        if arguments.json {
            session.printer.json(&document(None, Ok(report)));
        } else {
            print(session, None, &report);
        }
        return Ok(());
    }
    let stopped = runtime.stop_all()?;
    let failed = stopped.iter().any(|version| version.outcome.is_err());
    if arguments.json {
        let documents: Vec<StopDocument> = stopped
            .into_iter()
            .map(|version| document(Some(version.version), version.outcome))
            .collect();
        session.printer.json(&documents);
    } else {
        if stopped.is_empty() {
            session.printer.line("KTX Python daemon already stopped");
        }
        for version in stopped {
            match &version.outcome {
                Ok(report) => print(session, Some(&version.version), report),
                Err(error) => session
                    .printer
                    .diagnostic(&format!("{}: {error}", version.version)),
            }
        }
    }
    if failed {
        Err(AlreadyReported.into())
    } else {
        Ok(())
    }
}

fn print(session: &Session, version: Option<&str>, report: &StopReport) {
    let printer = &session.printer;
    match report {
        StopReport::AlreadyStopped => printer.line("KTX Python daemon already stopped"),
        StopReport::Stopped { pid, state, method } => {
            printer.line("Stopped KTX Python daemon");
            printer.line(&format!("pid: {pid}"));
            printer.line(&format!("state: {}", state.display()));
            printer.line(&format!("how: {}", sentence(*method)));
        }
    }
    if let Some(version) = version {
        printer.line(&format!("version: {version}"));
    }
}

fn document(version: Option<String>, outcome: Result<StopReport, Error>) -> StopDocument {
    let empty = StopDocument {
        outcome: "already-stopped",
        version,
        pid: None,
        state: None,
        method: None,
        error: None,
    };
    match outcome {
        Ok(StopReport::AlreadyStopped) => empty,
        Ok(StopReport::Stopped { pid, state, method }) => StopDocument {
            outcome: "stopped",
            pid: Some(pid),
            state: Some(state.display().to_string()),
            method: Some(id(method)),
            ..empty
        },
        Err(error) => StopDocument {
            outcome: "failed",
            error: Some(error.to_string()),
            ..empty
        },
    }
}

const fn id(method: StopMethod) -> &'static str {
    match method {
        StopMethod::Asked => "shutdown-request",
        StopMethod::Terminated => "terminated",
        StopMethod::Killed => "killed",
        StopMethod::AlreadyGone => "already-gone",
        StopMethod::NotOurs => "not-ours",
    }
}

const fn sentence(method: StopMethod) -> &'static str {
    match method {
        StopMethod::Asked => "it ended when asked to",
        StopMethod::Terminated => "it ended on SIGTERM",
        StopMethod::Killed => "it did not end by itself and was killed",
        StopMethod::AlreadyGone => "it had ended before; its state was removed",
        StopMethod::NotOurs => {
            "the process is not the recorded daemon and was left alone; the state was removed"
        }
    }
}
