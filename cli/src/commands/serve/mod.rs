//! `ktx serve`: the project's tools for MCP clients, over stdin and stdout.
//!
//! The asynchronous runtime is only used here, so no other command pays for it.

mod connection_tools;
mod ingest_tools;
mod messages;
mod progress;
mod question_tools;
mod resources;
mod scan_tools;
mod server;
mod source_tools;
mod stdio;
mod tool;
mod wording;

use std::time::Duration;

use clap::Args;
use ktx_app::Workspace;
use rmcp::ServiceExt as _;
use rmcp::handler::server::router::tool::ToolRoute;
use rmcp::service::ServerInitializeError;

use self::server::{Compute, Server, Settings, Tools};
use crate::arguments::PolicyArguments;
use crate::failure::Usage;
use crate::session::Session;

/// How often a server that waits for requests checks whether it was asked to end.
const INTERRUPT_POLL: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// The transport of the protocol
    #[arg(long, value_name = "TRANSPORT")]
    mcp: String,
    /// The user's id, for clients that send one
    #[arg(long, value_name = "ID", default_value = "local")]
    user_id: String,
    /// Compile queries, with the Python runtime
    #[arg(long)]
    semantic_compute: bool,
    /// Compile queries with the daemon at this URL
    #[arg(long, value_name = "URL")]
    semantic_compute_url: Option<String>,
    /// The daemon to read servers with, instead of the managed one
    #[arg(long, value_name = "URL")]
    database_introspection_url: Option<String>,
    /// Also run the queries of `sl_query`
    #[arg(long)]
    execute_queries: bool,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// Serves until the client disconnects or the process is asked to end. Python is not started before a tool needs it.
pub fn run(arguments: &ServeArguments, session: &Session) -> anyhow::Result<()> {
    if arguments.mcp != "stdio" {
        return Err(Usage("Only stdio is supported in this phase".to_owned()).into());
    }
    let compute = match (&arguments.semantic_compute_url, arguments.semantic_compute) {
        (Some(url), _) => Compute::Url(url.clone()),
        (None, true) => Compute::Managed,
        (None, false) => Compute::Off,
    };
    if arguments.execute_queries && compute == Compute::Off {
        anyhow::bail!("--execute-queries requires --semantic-compute");
    }
    let settings = Settings {
        policy: arguments.policy.policy()?,
        database_url: arguments.database_introspection_url.clone(),
        compute,
        execute_queries: arguments.execute_queries,
    };
    let workspace = Workspace::open(&session.app)?;
    session.app.desk.debug(&format!("user={}", arguments.user_id));
    let server = Server::new(Tools::new(session.app.clone(), settings)?, routes());
    ktx_system::watch_parent(&session.app.interrupt);
    session.printer.diagnostic(&format!(
        "ktx MCP server running on stdio for {}",
        workspace.folder.dir().display()
    ));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let (transport, written) = stdio::open(session.printer.clone());
    let served = runtime.block_on(serve(server, transport, session));
    // A tool that still runs has nobody to answer.
    runtime.shutdown_background();
    written.wait(&session.app.interrupt);
    served
}

/// Every tool of the server.
fn routes() -> impl Iterator<Item = ToolRoute<Server>> {
    let tools = [
        connection_tools::tools(),
        source_tools::tools(),
        scan_tools::tools(),
        ingest_tools::tools(),
    ];
    tools.into_iter().flatten()
}

async fn serve(server: Server, transport: stdio::Stdio, session: &Session) -> anyhow::Result<()> {
    let running = tokio::select! {
        running = server.serve(transport) => match running {
            Ok(running) => running,
            // A client that goes before it says hello has asked for nothing.
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        },
        () = interrupted(session) => return Ok(session.app.interrupt.check()?),
    };
    tokio::select! {
        ended = running.waiting() => drop(ended),
        () = interrupted(session) => session.app.interrupt.check()?,
    }
    Ok(())
}

async fn interrupted(session: &Session) {
    while session.app.interrupt.raised().is_none() {
        tokio::time::sleep(INTERRUPT_POLL).await;
    }
}
