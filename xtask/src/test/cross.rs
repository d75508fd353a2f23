//! What ships has to compile for the platforms that this machine is not: their code is in no test here.

use anyhow::Result;

use crate::process::{self, OutputMode};
use crate::programs;
use crate::session::Session;

const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

pub fn run(session: &Session<'_>) -> Result<()> {
    for target in TARGETS {
        programs::add_rust_target(session, target)?;
        let step = session.printer.step(&format!("check ktx for {target}"));
        let sh = session.shell()?;
        let check = programs::zig_cargo(session, &sh, "check")?
            .args(["--locked", "--package", "ktx", "--target", target])
            .env("RUSTFLAGS", "--deny=warnings");
        process::run(session.printer, check, OutputMode::Kept)?;
        step.done("");
    }
    Ok(())
}
