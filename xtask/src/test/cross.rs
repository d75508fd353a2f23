//! What ships has to compile for the platforms that this machine is not: their code is in no test here. For macOS it is
//! linked, too: `cargo xtask ci` builds the Windows program anyway, and no other test would miss a function of a framework.

use anyhow::Result;

use crate::process::{self, OutputMode};
use crate::programs::{self, FRAMEWORKS};
use crate::session::Session;

const TARGETS: [(&str, &str); 2] = [
    ("check", "x86_64-pc-windows-gnu"),
    ("zigbuild", "aarch64-apple-darwin"),
];

pub fn run(session: &Session<'_>) -> Result<()> {
    for (subcommand, target) in TARGETS {
        programs::add_rust_target(session, target)?;
        let step = session.printer.step(&format!("compile ktx for {target}"));
        let sh = session.shell()?;
        let compile = programs::zig_cargo(session, &sh, subcommand)?
            .args(["--locked", "--package", "ktx", "--target", target])
            .env("RUSTFLAGS", format!("--deny=warnings {FRAMEWORKS}"));
        process::run(session.printer, compile, OutputMode::Kept)?;
        step.done("");
    }
    Ok(())
}
