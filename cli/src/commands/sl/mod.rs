//! `ktx sl`: the group of commands over the semantic layer.

mod docs;
mod graph;
mod list;
mod query;
mod read;
mod validate;
mod write;

use clap::{Args, Subcommand};

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct SlArguments {
    #[command(subcommand)]
    command: SlCommand,
}

#[derive(Debug, Subcommand)]
enum SlCommand {
    /// List the sources
    List(list::ListArguments),
    /// Print the YAML of a source
    Read(read::ReadArguments),
    /// Check the shape of a source
    Validate(validate::ValidateArguments),
    /// Write a source
    Write(write::WriteArguments),
    /// Compile a query to SQL, and run it
    Query(query::QueryArguments),
    /// Print a picture of the sources and their joins
    Graph(graph::GraphArguments),
    /// Write the layer as pages to browse
    Docs(docs::DocsArguments),
}

/// Runs one command of the group.
pub fn run(arguments: SlArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        SlCommand::List(arguments) => list::run(&arguments, session),
        SlCommand::Read(arguments) => read::run(&arguments, session),
        SlCommand::Validate(arguments) => validate::run(&arguments, session),
        SlCommand::Write(arguments) => write::run(&arguments, session),
        SlCommand::Query(arguments) => query::run(&arguments, session),
        SlCommand::Graph(arguments) => graph::run(&arguments, session),
        SlCommand::Docs(arguments) => docs::run(&arguments, session),
    }
}
