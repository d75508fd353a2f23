//! `npm/assets/uv.json`: the uv that ktx downloads when its user agrees, pinned from the index that pip is configured for.
//!
//! The checked-in file names no host. Where a user names no index, ktx asks the one that uv would: packing asks the
//! pinned uv for it and stamps the answer into the package.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::Utf8Path;
use fs_err as fs;
use ktx_manifest::uv_pin::PinnedWheel;
use ktx_manifest::{Finding, Platform, Sha256Digest, UvPin};
use ktx_system::files::{self, Access};
use xshell::cmd;

use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

const PATH: &str = "npm/assets/uv.json";
/// Where the version is chosen: ktx gets the uv that it is built and tested with.
const CHOSEN: &str = "xtask/tools/python.in";

/// Downloads the wheel of every platform and writes what identifies it.
pub fn lock(session: &Session<'_>, root: &Utf8Path) -> Result<()> {
    let step = session.printer.step(&format!("lock {PATH}"));
    let version = chosen(root)?;
    let python = tools::provide(session, ToolSet::Python)?.program("python");
    let sh = session.shell()?;
    let scratch = tempfile::tempdir()?;
    let mut wheels = BTreeMap::new();
    for platform in Platform::ALL {
        let folder = scratch.path().join(platform.as_str());
        let download = cmd!(
            sh,
            "{python} -m pip download --quiet --no-deps --only-binary :all:"
        );
        let tag = wheel_tag(platform);
        let download = download.args(["--platform", tag, &format!("uv=={version}"), "--dest"]);
        process::run(session.printer, download.arg(&folder), OutputMode::Kept)?;
        let file = fs::read_dir(&folder)?
            .next()
            .context("pip downloaded nothing")??;
        let content = Sha256Digest::of_file(file.path())?;
        let wheel = PinnedWheel {
            file: file.file_name().to_string_lossy().into_owned(),
            bytes: content.bytes,
            sha256: content.sha256,
        };
        wheels.insert(platform, wheel);
    }
    let pin = UvPin::new(version, wheels)?;
    files::write(
        root.join(PATH).as_std_path(),
        pin.to_text().as_bytes(),
        Access::Readable,
    )?;
    step.done(&format!("uv {}", pin.version));
    Ok(())
}

/// Where the pinned uv looks for packages when no index is set, as its help says.
pub fn default_index(session: &Session<'_>) -> Result<String> {
    let (sh, uv) = (session.shell()?, tools::uv(session)?);
    let help = cmd!(sh, "{uv} pip install --no-config --color never --help");
    let said = process::run(session.printer, help, OutputMode::Kept)?;
    index_in(&said).context("failed to read the default index from: uv pip install --help")
}

/// The first address that the help of uv calls a default.
fn index_in(help: &str) -> Option<String> {
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, rest) = words.split_once("--default-index <")?;
    let (_, rest) = rest.split_once("(by default: <")?;
    Some(rest.split_once('>')?.0.to_owned())
}

/// What is wrong with the checked-in pin; only reads files.
pub fn check(root: &Utf8Path) -> Result<Vec<Finding>> {
    let refuse = |problem: String| {
        let message = format!("failed to use `{PATH}`: {problem}");
        vec![Finding::error("lock-uv", message).with_hint("run: cargo xtask lock")]
    };
    let text = match fs::read(root.join(PATH)) {
        Ok(text) => text,
        Err(error) => return Ok(refuse(error.to_string())),
    };
    let version = chosen(root)?;
    Ok(match UvPin::parse(&text) {
        Err(error) => refuse(error.to_string()),
        Ok(pin) if pin.version != version => {
            refuse(format!("it pins uv {}, {CHOSEN} has {version}", pin.version))
        }
        Ok(pin) if pin.default_index.is_some() => {
            refuse("it names a defaultIndex, which only a package has".to_owned())
        }
        Ok(_) => Vec::new(),
    })
}

fn chosen(root: &Utf8Path) -> Result<String> {
    let text = fs::read_to_string(root.join(CHOSEN))?;
    let version = text.lines().find_map(|line| line.strip_prefix("uv=="));
    Ok(version
        .with_context(|| format!("failed to find `uv==` in `{CHOSEN}`"))?
        .trim()
        .to_owned())
}

/// The wheels with static programs where there is a choice: they run on every Linux.
const fn wheel_tag(platform: Platform) -> &'static str {
    match platform {
        Platform::DarwinArm64 => "macosx_11_0_arm64",
        Platform::DarwinX64 => "macosx_10_12_x86_64",
        Platform::LinuxArm64 => "musllinux_1_1_aarch64",
        Platform::LinuxX64 => "musllinux_1_1_x86_64",
        Platform::Win32X64 => "win_amd64",
    }
}

#[cfg(test)]
mod tests {
    use super::index_in;

    #[test]
    fn the_default_index_is_found_however_the_help_is_wrapped() {
        let help = "  --index <INDEX>\n  URLs (by default: <https://no.example>)\n  --default-index <DEFAULT_INDEX>\n  The index (by\n  default:\n  <https://index.example/simple>) [env: X=<no>]";
        assert_eq!(index_in(help).as_deref(), Some("https://index.example/simple"));
        assert_eq!(
            index_in(&help.replace('\n', " ")).as_deref(),
            Some("https://index.example/simple")
        );
        for (from, to) in [
            ("--default-index", "--index"),
            ("default:\n", "\n"),
            ("simple>", "simple"),
        ] {
            assert_eq!(
                index_in(&help.replace(from, to).replace("[env: X=<no>]", "")),
                None,
                "{from}"
            );
        }
    }
}
