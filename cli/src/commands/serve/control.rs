//! `ktx serve status` and `ktx serve stop`: the HTTP servers of a project.

use clap::{Args, Subcommand};
use ktx_app::Workspace;
use serde::Serialize;

use super::record::Record;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub enum ServeCommand {
    /// List the project's running HTTP servers
    Status(StatusArguments),
    /// Stop the HTTP servers of the project
    Stop(StopArguments),
}

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct StopArguments {
    /// Only the one on this port
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

#[derive(Serialize)]
struct ServerList {
    servers: Vec<Running>,
}

#[derive(Serialize)]
struct Running {
    url: String,
    pid: u32,
}

/// Runs one command of the group.
pub fn run(command: &ServeCommand, session: &Session) -> anyhow::Result<()> {
    let folder = Workspace::open(&session.app)?.folder;
    let running = Record::running(&folder)?;
    match command {
        ServeCommand::Status(arguments) if arguments.json => {
            let servers = running.into_iter().map(|record| Running {
                url: record.url,
                pid: record.pid,
            });
            session.printer.json(&ServerList {
                servers: servers.collect(),
            });
        }
        ServeCommand::Status(_) => match running.as_slice() {
            [] => session.printer.line("No server of this project runs over HTTP."),
            running => {
                for record in running {
                    session
                        .printer
                        .line(&format!("{} (process {})", record.url, record.pid));
                }
            }
        },
        ServeCommand::Stop(arguments) => {
            let wanted = |record: &&Record| arguments.port.is_none_or(|port| record.port() == port);
            let mut stopped = 0;
            for record in running.iter().filter(wanted) {
                record.stop()?;
                session.printer.line(&format!("Stopped {}", record.url));
                stopped += 1;
            }
            if stopped == 0 {
                session.printer.line("No server to stop.");
            }
        }
    }
    Ok(())
}
