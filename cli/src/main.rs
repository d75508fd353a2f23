//! `ktx`: parses the command line, dispatches, reports and exits.
//!
//! What a command does stands in `commands/`, one file each. Nothing else writes to a stream or chooses an exit code.

mod arguments;
mod commands;
mod dialogue;
mod embedding;
mod failure;
mod hint;
mod ingester;
mod output;
mod printer;
mod progress;
mod python;
mod runtime_progress;
mod scanner;
mod session;
mod setup_status;
mod shell;
mod signals;
mod spinner;
mod table;
mod tools;
mod version;
mod warehouses;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::arguments::Arguments;
use crate::printer::Printer;
use crate::session::Session;

fn main() -> ExitCode {
    let printer = Printer::new();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => return failure::usage(&printer, &usage),
    };
    let session = Session::new(printer, &arguments.global);
    let outcome = match arguments.command {
        Some(command) => commands::run(command, &session),
        None => commands::without_command(&session, &mut Arguments::command()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&session, &error),
    }
}
