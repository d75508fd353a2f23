//! A library that every Windows has and Debian's wine does not, so that the program for Windows can be loaded there.
//!
//! The program itself is not changed; the library is in a separate folder, which wine searches last.

use anyhow::Result;
use camino::Utf8PathBuf;
use fs_err as fs;
use xshell::cmd;

use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Compiled by the pinned zig, without any library of C.
const SOURCE: &str = include_str!("bcryptprimitives.c");

/// The folder with the library, made when it is not there or its source is another.
pub fn libraries(session: &Session<'_>) -> Result<Utf8PathBuf> {
    let target = session.root()?.join("target");
    let folder = target.join("smoke/wine");
    let (source, library) = (folder.join("source.c"), folder.join("bcryptprimitives.dll"));
    if library.is_file() && fs::read_to_string(&source).is_ok_and(|text| text == SOURCE) {
        return Ok(folder);
    }
    let zig = tools::provide(session, ToolSet::Cross)?;
    fs::create_dir_all(&folder)?;
    let new = folder.join(format!("{}.c", std::process::id()));
    fs::write(&new, SOURCE)?;
    let made = new.with_extension("dll");
    let cache = target.join("tools/zig-cache");
    let (sh, python) = (session.shell()?, zig.program("python"));
    let compile = cmd!(
        sh,
        "{python} -m ziglang cc -target x86_64-windows-gnu -shared -nostdlib -O2 -s"
    )
    .args(["-o", made.as_str(), new.as_str(), "-ladvapi32"])
    .env("ZIG_GLOBAL_CACHE_DIR", &cache)
    .env("ZIG_LOCAL_CACHE_DIR", &cache);
    process::run(session.printer, compile, OutputMode::Kept)?;
    fs::rename(made, library)?;
    fs::rename(new, source)?;
    Ok(folder)
}
