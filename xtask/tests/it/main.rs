//! The toolchain from outside: its command line, and the rules of the repository.

mod command_line;
mod tidy;
