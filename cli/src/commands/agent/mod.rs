//! `ktx agent`: the commands for programs. JSON only: the result on stdout, or an error object on stderr.

mod context;
mod sl;
mod sql;
mod tools;
mod wiki;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::failure::{self, AlreadyReported};
use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct AgentArguments {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// List the tools and the commands behind them
    Tools(tools::ToolsArguments),
    /// Describe the project: status, connections, sources, tools
    Context(context::ContextArguments),
    /// Use the semantic layer
    #[command(subcommand)]
    Sl(sl::SlCommand),
    /// Use the wiki
    #[command(subcommand)]
    Wiki(wiki::WikiCommand),
    /// Run SQL
    #[command(subcommand)]
    Sql(sql::SqlCommand),
}

/// Every command requires it, so that nobody relies on text output that may change.
#[derive(Debug, Clone, Args)]
pub struct JsonArgument {
    /// Required: the output is JSON
    #[arg(long, required = true)]
    json: bool,
}

#[derive(Serialize)]
struct Failure {
    ok: bool,
    error: FailureDetail,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureDetail {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
}

/// Runs one command of the group.
pub fn run(arguments: &AgentArguments, session: &Session) -> anyhow::Result<()> {
    let result = match &arguments.command {
        AgentCommand::Tools(arguments) => tools::run(arguments, session),
        AgentCommand::Context(arguments) => context::run(arguments, session),
        AgentCommand::Sl(command) => sl::run(command, session),
        AgentCommand::Wiki(command) => wiki::run(command, session),
        AgentCommand::Sql(command) => sql::run(command, session),
    };
    match result {
        Err(error) => {
            // A signal ends the command as it ends any other: there is nothing to tell a program that sent it.
            session.app.interrupt.check()?;
            let text = serde_json::to_string_pretty(&failure(&error)).unwrap_or_default();
            session.printer.diagnostic(&text);
            Err(AlreadyReported.into())
        }
        Ok(()) => Ok(()),
    }
}

/// A hint is a next step, unless the error lists its own.
fn failure(error: &anyhow::Error) -> Failure {
    let known: Option<&ktx_app::Error> = error.downcast_ref();
    let detail = FailureDetail {
        message: failure::sentence(error),
        code: known.and_then(ktx_app::Error::code),
        next_steps: match known {
            Some(error) => error.next_steps(),
            None => failure::hint(error).into_iter().collect(),
        },
    };
    Failure {
        ok: false,
        error: detail,
    }
}
