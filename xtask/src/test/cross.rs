//! What ships has to compile and link for the platforms that this machine is not: their code is in no test here.

use anyhow::Result;
use ktx_manifest::{BuildProfile, Platform};

use crate::programs;
use crate::session::Session;

/// Windows as `cargo xtask ci` builds it for its smoke, so that it is compiled once.
pub fn run(session: &Session<'_>) -> Result<()> {
    for platform in [Platform::Win32X64, Platform::DarwinArm64] {
        programs::check(session, platform, BuildProfile::Local)?;
    }
    Ok(())
}
