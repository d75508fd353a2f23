//! `ktx`: parses the command line, dispatches, reports and exits.
//!
//! What a command does is in `commands/`, one file each. Nothing else writes to a stream or chooses an exit code.

mod arguments;
mod commands;
mod exit;
mod failure;
mod output;
mod printer;
mod session;
mod table;
mod terminal;
mod version;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Arguments;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::session::Session;

fn main() -> ExitCode {
    let printer = Printer::new();
    let arguments: Vec<_> = std::env::args_os().collect();
    let code = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => run(arguments, printer.clone()),
        Err(usage) => failure::usage(&printer, &usage, &arguments),
    };
    failure::finish(&printer, code)
}

fn run(arguments: Arguments, printer: Printer) -> ExitCode {
    let session = Session::new(printer, &arguments.global);
    match commands::run(arguments.command, &session) {
        Ok(()) => Exit::Done.into(),
        Err(error) => failure::report(&session, &error),
    }
}
