//! The toolchain from outside: its command line, and the rules of the repository.

mod builds;
mod checkout;
mod command_line;
mod tidy;
