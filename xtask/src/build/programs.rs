//! Builds the `ktx` program for each platform: the host's own with cargo, everything else through zig.
//!
//! On Linux the host's program goes through zig too: it is linked statically with musl, so that no libc is guessed.

use std::process::Command;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Platform;
use ktx_system::files::{self, Access};

use crate::dist::Dist;
use crate::exit::{Exit, Failure};
use crate::process::{self, Talk};
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Builds one platform's program and puts it in `dist/bin/<platform>/`.
pub fn build(session: &Session<'_>, dist: &Dist, platform: Platform) -> Result<Utf8PathBuf> {
    let root = session.root()?;
    let target = target(platform);
    let step = session.printer.long_step(&format!("build ktx for {platform}"));
    add_rust_target(session, target)?;
    process::run(session.printer, command(session, platform)?, Talk::Kept)
        .with_context(|| format!("failed to build `ktx` for {platform}"))?;
    let built = root
        .join("target")
        .join(target)
        .join("release")
        .join(platform.program_file());
    let path = dist
        .path()
        .join("bin")
        .join(platform.as_str())
        .join(platform.program_file());
    replace_if_changed(&built, &path)?;
    step.done("");
    Ok(path)
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

fn command(session: &Session<'_>, platform: Platform) -> Result<Command> {
    let root = session.root()?;
    let native = !cfg!(target_os = "linux") && Platform::host() == Some(platform);
    let mut command = if native {
        let mut cargo = Command::new("cargo");
        cargo.arg("build");
        cargo
    } else {
        zig_cargo(session, "zigbuild")?
    };
    command
        .args([
            "--release",
            "--locked",
            "--package",
            "ktx",
            "--bin",
            "ktx",
            "--target",
            target(platform),
        ])
        .current_dir(root)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(root, platform)?)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .env_remove("RUSTFLAGS");
    Ok(command)
}

/// A command of cargo-zigbuild, with everything it caches kept below `target/tools/`.
pub fn zig_cargo(session: &Session<'_>, subcommand: &str) -> Result<Command> {
    let tools = tools::provide(session, ToolSet::Cross)?;
    let caches = session.root()?.join("target/tools");
    let zig = format!("zig{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(tools.program("cargo-zigbuild"));
    command
        .arg(subcommand)
        .env("CARGO_ZIGBUILD_ZIG_PATH", tools.library("ziglang")?.join(zig))
        .env("CARGO_ZIGBUILD_CACHE_DIR", caches.join("zigbuild-cache"))
        .env("ZIG_GLOBAL_CACHE_DIR", caches.join("zig-cache"))
        .env("ZIG_LOCAL_CACHE_DIR", caches.join("zig-cache"));
    Ok(command)
}

/// The paths of this machine stay out of the program: the same sources give the same bytes from any folder.
fn rustflags(root: &Utf8Path, platform: Platform) -> Result<String> {
    let cargo_home = match std::env::var("CARGO_HOME") {
        Ok(home) if !home.is_empty() => Utf8PathBuf::from(home),
        _ => {
            let home = std::env::home_dir().context("failed to find the home directory")?;
            Utf8PathBuf::try_from(home)?.join(".cargo")
        }
    };
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
    if platform == Platform::Win32X64 {
        flags.push("-Ctarget-feature=+crt-static".to_owned());
    }
    Ok(flags.join("\x1f"))
}

/// Adds a target's standard library to the toolchain, once.
pub fn add_rust_target(session: &Session<'_>, target: &str) -> Result<()> {
    let mut sysroot = Command::new("rustc");
    sysroot.args(["--print", "sysroot"]);
    let sysroot = process::run(session.printer, sysroot, Talk::Kept)?.stdout;
    if Utf8Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(target)
        .join("lib")
        .is_dir()
    {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add", target]);
    process::run(session.printer, add, Talk::Kept)
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

/// A program that is the same keeps its file, whatever has it open.
fn replace_if_changed(built: &Utf8Path, path: &Utf8Path) -> Result<()> {
    let new = fs::read(built)?;
    if fs::read(path).is_ok_and(|old| old == new) {
        return Ok(());
    }
    Ok(files::write(path.as_std_path(), &new, Access::Executable)?)
}
