//! `cargo xtask build`: programs, wheel, package, tarball and artifact manifest.

pub mod programs;

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_manifest::platform::Platform;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Build the programs, the wheel, the package, the tarball and the artifact manifest
#[derive(Args, Clone, Debug, Default)]
pub struct BuildArgs {
    /// Platforms to build the program for, or `all` [default: this machine's]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    platform: Vec<String>,
}

pub fn run(arguments: BuildArgs, session: &Session<'_>) -> Result<()> {
    for platform in platforms(&arguments.platform)? {
        programs::build(session, platform)?;
    }
    Ok(())
}

fn platforms(names: &[String]) -> Result<Vec<Platform>> {
    if names.iter().any(|name| name == "all") {
        return Ok(Platform::ALL.to_vec());
    }
    if names.is_empty() {
        return host().map(|host| vec![host]);
    }
    let mut platforms = Vec::new();
    for name in names {
        let platform = name.parse().map_err(|error| {
            Failure::new(Exit::Usage, "failed to read --platform").because(anyhow::Error::new(error))
        })?;
        platforms.push(platform);
    }
    platforms.sort();
    platforms.dedup();
    Ok(platforms)
}

/// The platform of this machine.
pub fn host() -> Result<Platform> {
    Platform::host().ok_or_else(|| {
        Failure::new(
            Exit::Prerequisite,
            "failed to find this machine's platform among those of the package",
        )
        .hint("name another with --platform; a package is tested on the machines it is for")
        .into()
    })
}

pub fn assets(session: &Session<'_>) -> Result<Utf8PathBuf> {
    Ok(session.dist()?.join("package/assets/python"))
}
