//! `ktx serve`: the project's tools for MCP clients, over stdin and stdout, or over HTTP.
//!
//! The asynchronous runtime is only used here, so no other command pays for it.

mod clients;
mod connection_tools;
mod control;
mod http;
mod ingest_tools;
mod messages;
mod progress;
mod question_tools;
mod record;
mod resources;
mod scan_tools;
mod server;
mod source_tools;
mod stdio;
mod tool;
mod wiki_tools;
mod wording;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ktx_app::Workspace;
use ktx_project::Folder;
use rmcp::ServiceExt as _;
use rmcp::handler::server::router::tool::ToolRoute;
use rmcp::service::ServerInitializeError;

use self::record::Record;
use self::server::{Compute, Server, Settings, Tools};
use crate::arguments::PolicyArguments;
use crate::failure::Usage;
use crate::session::Session;

/// How often a server that waits for requests checks whether it was asked to end.
const INTERRUPT_POLL: Duration = Duration::from_millis(50);

/// Beside the daemon's.
const PORT: u16 = 8766;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ServeArguments {
    #[command(subcommand)]
    command: Option<control::ServeCommand>,
    /// The transport of the protocol: stdio or http
    #[arg(long, value_name = "TRANSPORT", required = true)]
    mcp: Option<String>,
    /// With http: the port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
    /// With http: the address to listen on, instead of this machine alone
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// With http: a name under which clients may reach it, besides localhost
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// With http: an origin whose pages may reach it, such as `https://example.com:443`, besides those of localhost
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// With http: the file with the token that clients send [default: .ktx/secrets/mcp-token, made when missing]
    #[arg(long, value_name = "PATH")]
    token_file: Option<PathBuf>,
    /// The user whose own wiki pages are served beside those for everyone
    #[arg(long, value_name = "ID", default_value = ktx_app::tools::wiki::LOCAL_USER)]
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
    if let Some(command) = &arguments.command {
        return control::run(command, session);
    }
    let transport = arguments.mcp.as_deref().unwrap_or_default();
    if !matches!(transport, "stdio" | "http") {
        let message = format!("failed to serve over `{transport}`: ktx serves over stdio and http");
        return Err(Usage(message).into());
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
        user: arguments.user_id.clone(),
    };
    let workspace = Workspace::open(&session.app)?;
    let routes = routes(settings.execute_queries);
    let server = Server::new(Tools::new(session.app.clone(), settings)?, routes);
    match transport {
        "http" => over_http(server, &workspace.folder, arguments, session),
        _ => over_stdio(server, &workspace.folder, session),
    }
}

fn over_stdio(server: Server, folder: &Folder, session: &Session) -> anyhow::Result<()> {
    ktx_system::watch_parent(&session.app.interrupt);
    session.printer.diagnostic(&format!(
        "ktx MCP server running on stdio for {}",
        folder.dir().display()
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

fn over_http(
    server: Server,
    folder: &Folder,
    arguments: &ServeArguments,
    session: &Session,
) -> anyhow::Result<()> {
    let (token, token_file) = record::token(folder, arguments.token_file.as_deref())?;
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut hosts = [&local[..], &arguments.allow_host].concat();
    if !arguments.host.is_unspecified() {
        hosts.push(arguments.host.to_string());
    }
    let origins = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
    let options = http::Options {
        address: SocketAddr::new(arguments.host, arguments.port),
        hosts,
        origins: [&origins[..], &arguments.allow_origin].concat(),
        token,
    };
    let started = |address: SocketAddr| {
        let record = Record::write(folder, address, &token_file)?;
        let dir = folder.dir().display();
        session
            .printer
            .diagnostic(&format!("ktx MCP server running on {} for {dir}", record.url));
        let token = format!(
            "clients send `Authorization: Bearer` with the token in `{}`",
            token_file.display()
        );
        session.printer.diagnostic(&token);
        Ok(record)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .enable_io()
        .build()?;
    let served = runtime.block_on(http::serve(server, options, session, started));
    runtime.shutdown_background();
    served
}

/// Every tool of the server.
fn routes(execute_queries: bool) -> impl Iterator<Item = ToolRoute<Server>> {
    let tools = [
        connection_tools::tools(),
        question_tools::tools(execute_queries),
        source_tools::tools(),
        scan_tools::tools(),
        ingest_tools::tools(),
        wiki_tools::tools(),
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
