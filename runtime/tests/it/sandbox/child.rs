//! A process that a fault can end: this test program, run again for one test, with the fault in its environment.

use std::process::Command;

use ktx_runtime::{Environment, Interrupt, Runtime};

use super::{Sandbox, VERSION};

const VARIABLE: &str = "KTX_FAULT";

/// Runs one test of this program in the sandbox's environment; it finds the fault with [`assigned`].
pub fn with_fault(sandbox: &Sandbox, test: &str, step: &str, fault: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", test])
        .env_clear()
        .envs(sandbox.variables())
        .env(VARIABLE, format!("{step} {fault}"));
    command
}

/// The step and the fault that this process was started with, if it was.
pub fn assigned() -> Option<(String, String)> {
    let assigned = std::env::var(VARIABLE).ok()?;
    let (step, fault) = assigned.split_once(' ').expect("a step and a fault");
    Some((step.to_owned(), fault.to_owned()))
}

/// The runtime of the sandbox that this process was started in.
pub fn runtime(interrupt: &Interrupt) -> Runtime {
    let variables = std::env::vars_os().filter(|(name, _)| name != VARIABLE);
    Runtime::new(Environment::of_variables(variables), VERSION, interrupt.clone()).expect("a root")
}
