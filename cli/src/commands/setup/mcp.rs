//! `ktx setup mcp`: this project's server in the configuration of an MCP client.

use clap::{Args, ValueEnum};
use ktx_app::mcp_clients::{Change, Launch, McpClient};

use crate::session::Session;

#[derive(Debug, Args)]
pub struct McpArguments {
    /// The client to configure
    #[arg(long, value_enum)]
    client: ClientArgument,
    /// Add it to the client's configuration file, and keep what is there
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClientArgument {
    /// .mcp.json in the current folder
    ClaudeCode,
    /// .cursor/mcp.json in the current folder
    Cursor,
    /// .vscode/mcp.json in the current folder
    Vscode,
    /// config.toml in CODEX_HOME, or in .codex in the home folder
    Codex,
}

impl From<ClientArgument> for McpClient {
    fn from(argument: ClientArgument) -> Self {
        match argument {
            ClientArgument::ClaudeCode => Self::ClaudeCode,
            ClientArgument::Cursor => Self::Cursor,
            ClientArgument::Vscode => Self::Vscode,
            ClientArgument::Codex => Self::Codex,
        }
    }
}

/// Prints the entry for the client's file, or adds it there and prints what changed.
pub fn run(arguments: &McpArguments, session: &Session) -> anyhow::Result<()> {
    let client = McpClient::from(arguments.client);
    let folder = session.app.folder()?;
    folder.load()?;
    let launch = Launch::of_project(&session.app.environment, folder.dir());
    let file = client.file(&session.app)?;
    if !arguments.write {
        session.printer.raw(&client.block(&launch));
        session.printer.diagnostic(&format!(
            "hint: add this to `{}`, or pass --write to have it added",
            file.display()
        ));
        return Ok(());
    }
    let file_shown = file.display();
    session.printer.line(&match client.register(&file, &launch)? {
        Change::Added => format!("Added the server `ktx` to {file_shown}"),
        Change::Replaced => format!("Replaced the server `ktx` in {file_shown}"),
        Change::Unchanged => format!("The server `ktx` is already in {file_shown}"),
    });
    Ok(())
}
