//! Builds the `ktx` program for each platform: the host's own with cargo, everything else through zig.
//!
//! On Linux the host's program goes through zig too: it is linked statically with musl, so that no libc is guessed.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::program_marks::{BuildMark, WITH_ZIG};
use ktx_manifest::{BuildProfile, Platform};
use ktx_release::bill::ZIG;
use ktx_system::files::{self, Access};
use xshell::{Cmd, Shell, cmd};

use crate::auditable;
use crate::dist::DistFolder;
use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Where zig finds the frameworks of macOS on other systems: `xtask/darwin` names the functions that `ktx` calls, as
/// the text-based stubs of Apple's SDK do. A new one is an undefined symbol, and goes into its list. The folder is relative
/// to the workspace, from where cargo starts the linker: the root's path would change the program.
const FRAMEWORKS: &str = "-Clink-arg=-Fxtask/darwin";

/// Room in the header for the load command of a signature. Programs for Intel are linked without one, and without room
/// rcodesign refuses to sign them.
const ROOM_TO_SIGN: &str = "-Clink-arg=-Wl,-headerpad,0x100";

/// Builds one platform's program and puts it in `dist/bin/<platform>/`.
pub fn build(
    session: &Session<'_>,
    dist: &DistFolder,
    platform: Platform,
    profile: BuildProfile,
) -> Result<Utf8PathBuf> {
    let compiled = compile(session, platform, profile)?;
    let path = dist
        .path()
        .join("bin")
        .join(platform.as_str())
        .join(platform.program_file());
    replace_if_changed(&compiled.program, &path)?;
    Ok(path)
}

/// Builds one platform's program, which no test runs here, and fails when the compiler warns of anything.
pub fn check(session: &Session<'_>, platform: Platform, profile: BuildProfile) -> Result<()> {
    let compiled = compile(session, platform, profile)?;
    ensure!(
        !points_into_code(&compiled.messages),
        "failed to build `ktx` for {platform} without warnings:\n{}",
        compiled.messages
    );
    Ok(())
}

/// Whether the compiler said something of a line of code. That it finds no SDK of macOS, whose place `xtask/darwin`
/// takes, it says of none.
fn points_into_code(messages: &str) -> bool {
    messages.lines().any(|line| line.trim_start().starts_with("--> "))
}

struct Compiled {
    program: Utf8PathBuf,
    /// Of the compiler, without its progress.
    messages: String,
}

fn compile(session: &Session<'_>, platform: Platform, profile: BuildProfile) -> Result<Compiled> {
    let target = target(platform);
    let step = session
        .printer
        .long_step(&format!("build ktx for {platform}, {}", profile.name()));
    add_rust_target(session, target)?;
    let watch = |line: &str| progress(line).map(|progress| step.says(&progress)).is_some();
    let finished = process::succeed(
        session.printer,
        command(session, platform, profile)?,
        OutputMode::Watched(&watch),
    )
    .with_context(|| format!("failed to build `ktx` for {platform}"))?;
    let program = session
        .root()?
        .join("target")
        .join(target)
        .join(profile.name())
        .join(platform.program_file());
    auditable::check(session, target, &program)?;
    step.done("");
    Ok(Compiled {
        program,
        messages: finished.stderr,
    })
}

/// The Rust target of a platform.
fn target(platform: Platform) -> &'static str {
    match platform {
        Platform::LinuxX64 => "x86_64-unknown-linux-musl",
        Platform::LinuxArm64 => "aarch64-unknown-linux-musl",
        Platform::DarwinX64 => "x86_64-apple-darwin",
        Platform::DarwinArm64 => "aarch64-apple-darwin",
        Platform::Win32X64 if cfg!(windows) => "x86_64-pc-windows-msvc",
        Platform::Win32X64 => "x86_64-pc-windows-gnu",
    }
}

fn command(session: &Session<'_>, platform: Platform, profile: BuildProfile) -> Result<Command> {
    let root = session.root()?;
    let sh = session.shell()?;
    let native = !cfg!(target_os = "linux") && Platform::host() == Some(platform);
    let cargo = match native {
        true => cmd!(sh, "cargo build"),
        false => zig_cargo(session, &sh, "zigbuild")?,
    };
    let compiler = process::run(session.printer, cmd!(sh, "rustc --version"), OutputMode::Kept)?;
    let linker = match native {
        true => String::new(),
        false => format!("{WITH_ZIG}{}", ZIG.version),
    };
    let mark = BuildMark {
        profile,
        compiler: format!("{}{linker}", compiler.trim()),
    };
    let (profile, target) = (profile.name(), target(platform));
    let cargo = cargo
        .args([
            "--profile",
            profile,
            "--locked",
            "--package",
            "ktx",
            "--bin",
            "ktx",
        ])
        .args(["--target", target])
        .envs(auditable::environment(session, target)?)
        .env("KTX_BUILD_MARK", mark.to_string())
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(root, platform)?)
        .env("CARGO_TARGET_DIR", root.join("target"))
        // Cargo draws no bar where it sees no terminal, unless its width is set.
        .envs([
            ("CARGO_TERM_PROGRESS_WHEN", "always"),
            ("CARGO_TERM_PROGRESS_WIDTH", "100"),
            // Its words are looked for, which colours would cut.
            ("CARGO_TERM_COLOR", "never"),
        ])
        .env_remove("RUSTFLAGS");
    Ok(cargo.into())
}

/// What cargo's bar says: `    Building [====>    ] 45/190: serde, tokio`.
fn progress(line: &str) -> Option<String> {
    let line = line.trim_start().strip_prefix("Building [")?;
    let (_, progress) = line.split_once("] ")?;
    let progress = progress.trim_end_matches("\u{1b}[K").trim_end();
    Some(progress.replacen('/', " of ", 1))
}

/// A command of cargo-zigbuild, with everything it caches kept below `target/tools/`.
fn zig_cargo<'sh>(session: &Session<'_>, sh: &'sh Shell, subcommand: &str) -> Result<Cmd<'sh>> {
    let tools = tools::provide(session, ToolSet::Cross)?;
    let caches = session.root()?.join("target/tools");
    let zig = format!("zig{}", std::env::consts::EXE_SUFFIX);
    let cargo_zigbuild = tools.program("cargo-zigbuild");
    Ok(cmd!(sh, "{cargo_zigbuild} {subcommand}")
        .env("CARGO_ZIGBUILD_ZIG_PATH", tools.library("ziglang")?.join(zig))
        .env("CARGO_ZIGBUILD_CACHE_DIR", caches.join("zigbuild-cache"))
        .env("ZIG_GLOBAL_CACHE_DIR", caches.join("zig-cache"))
        .env("ZIG_LOCAL_CACHE_DIR", caches.join("zig-cache")))
}

/// Keeps the paths of this machine out of the program: the same sources give the same bytes from any folder.
fn rustflags(root: &Utf8Path, platform: Platform) -> Result<String> {
    let cargo_home = cargo_home()?;
    let mut flags = vec![
        format!("--remap-path-prefix={root}=/ktx"),
        format!("--remap-path-prefix={cargo_home}=/cargo"),
    ];
    // The folder of a registry's sources is named after the registry's host; the last match wins.
    if let Ok(registries) = fs::read_dir(cargo_home.join("registry/src")) {
        let mut folders: Vec<_> = registries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.sort();
        flags.extend(
            folders
                .iter()
                .map(|folder| format!("--remap-path-prefix={}=/crates", folder.display())),
        );
    }
    match platform {
        Platform::Win32X64 => flags.push("-Ctarget-feature=+crt-static".to_owned()),
        Platform::DarwinX64 | Platform::DarwinArm64 if !cfg!(target_os = "macos") => {
            flags.push(FRAMEWORKS.to_owned());
            if platform == Platform::DarwinX64 {
                flags.push(ROOM_TO_SIGN.to_owned());
            }
        }
        _ => {}
    }
    Ok(flags.join("\x1f"))
}

/// Where cargo keeps the crates that it downloads.
pub fn cargo_home() -> Result<Utf8PathBuf> {
    match std::env::var("CARGO_HOME") {
        Ok(home) if !home.is_empty() => Ok(home.into()),
        _ => {
            let home = std::env::home_dir().context("failed to find the home directory")?;
            Ok(Utf8PathBuf::try_from(home)?.join(".cargo"))
        }
    }
}

/// Adds a target's standard library to the toolchain, once.
fn add_rust_target(session: &Session<'_>, target: &str) -> Result<()> {
    let sh = session.shell()?;
    let sysroot = process::run(
        session.printer,
        cmd!(sh, "rustc --print sysroot"),
        OutputMode::Kept,
    )?;
    let library = Utf8Path::new(sysroot.trim()).join(format!("lib/rustlib/{target}/lib"));
    if library.is_dir() {
        return Ok(());
    }
    process::run(
        session.printer,
        cmd!(sh, "rustup target add {target}"),
        OutputMode::Kept,
    )
    .map(drop)
    .map_err(|error| {
        Failure::new(
            Exit::Prerequisite,
            format!("failed to add the Rust target `{target}`"),
        )
        .hint(format!("run: rustup target add {target}"))
        .instead_of(error)
    })
}

/// An unchanged program keeps its file, which others may have open.
fn replace_if_changed(built: &Utf8Path, path: &Utf8Path) -> Result<()> {
    let new = fs::read(built)?;
    if fs::read(path).is_ok_and(|old| old == new) {
        return Ok(());
    }
    Ok(files::write(path.as_std_path(), &new, Access::Executable)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_of_cargo_is_read_and_nothing_else() {
        let bar = "    Building [=====>                 ] 45/190: serde, ktx(bin)     ";
        assert_eq!(progress(bar).as_deref(), Some("45 of 190: serde, ktx(bin)"));
        assert_eq!(progress("   Compiling serde v1.0.0"), None);
        assert_eq!(progress("error: Building [ is not closed"), None);
    }

    #[test]
    fn a_warning_of_the_code_says_where_and_one_of_the_machine_does_not() {
        let code = "warning: function `unused` is never used\n --> cli/src/main.rs:9:4\n  |\n";
        let machine =
            "warning: invoking `\"xcrun\"` to find MacOSX.sdk failed\n  |\n  = note: the SDK is needed\n";
        assert!(points_into_code(code) && !points_into_code(machine));
    }
}
