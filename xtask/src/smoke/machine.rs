//! Facts about this machine that a smoke is handed: which programs, which registry settings, which home.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::process::Command;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_smoke::{Belongings, Machine, NPM_SETTINGS, Toolchain};
use xshell::{Shell, cmd};

use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// The hidden command that posts the guardian.
pub const GUARDIAN: &str = "smoke-guardian";

pub fn environment() -> BTreeMap<String, String> {
    env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The variables with which the user asks for a scenario outside of the standard set.
pub fn opted_in() -> BTreeSet<String> {
    let set = environment()
        .into_iter()
        .filter(|(name, value)| name.starts_with("KTX_RUN_") && value == "1");
    set.map(|(name, _)| name).collect()
}

pub fn home() -> Option<Utf8PathBuf> {
    env::home_dir().and_then(|home| Utf8PathBuf::try_from(home).ok())
}

/// What is the user's, wherever the user has put it.
pub fn belongings(home: Option<&Utf8Path>, environment: &BTreeMap<String, String>) -> Belongings {
    let belongings = home.map(Belongings::of_home).unwrap_or_default();
    match environment.get("UV_CACHE_DIR") {
        Some(folder) => belongings.with_shared(folder.into()),
        None => belongings,
    }
}

/// uv's cache of the user, where there is one (uv's documentation, "Cache directory").
pub fn uv_cache(home: Option<&Utf8Path>, environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    let named = environment.get("UV_CACHE_DIR").map(Utf8PathBuf::from);
    let of_xdg = environment
        .get("XDG_CACHE_HOME")
        .map(|folder| Utf8Path::new(folder).join("uv"));
    let cache = named.or(of_xdg).or(home.map(|home| home.join(".cache/uv")))?;
    cache.is_dir().then_some(cache)
}

pub fn temporary_folder() -> Result<Utf8PathBuf> {
    Utf8PathBuf::try_from(env::temp_dir()).context("failed to read the name of the temporary folder")
}

/// This program itself, which `main` sends to the guardian's body.
pub fn guardian() -> Result<Option<Vec<String>>> {
    Ok(Some(vec![own_program()?.into_string(), GUARDIAN.to_owned()]))
}

/// This program, its checkout, and the pinned registry.
pub fn toolchain(session: &Session<'_>) -> Result<Toolchain> {
    Ok(Toolchain {
        xtask: own_program()?,
        checkout: session.root()?.to_owned(),
        registry: tools::provide(session, ToolSet::Node)?.program("verdaccio"),
    })
}

fn own_program() -> Result<Utf8PathBuf> {
    let own = env::current_exe().context("failed to find the running program")?;
    Utf8PathBuf::try_from(own).context("failed to read the name of the running program")
}

/// Programs and registry settings, as sandboxes get them.
pub fn machine(session: &Session<'_>, environment: BTreeMap<String, String>) -> Result<Machine> {
    Ok(Machine {
        npm_settings: npm_settings(session)?,
        path: search_path(session)?,
        environment,
    })
}

/// Versions of what the scenarios use, for the report.
pub fn tool_versions(session: &Session<'_>, machine: &Machine) -> BTreeMap<String, String> {
    ["node", "npm", "uv", "python3", "pnpm", "yarn", "bun", "deno"]
        .into_iter()
        .filter_map(|name| {
            let path = machine
                .path
                .iter()
                .map(|folder| folder.join(name))
                .find(|path| path.is_file())?;
            let mut command = Command::new(path);
            command.arg("--version").current_dir(env::temp_dir());
            let said = process::run(session.printer, command, OutputMode::Kept).ok()?;
            let version = said.split_whitespace().find(|word| word.contains('.'))?;
            Some((name.to_owned(), version.trim_start_matches('v').to_owned()))
        })
        .collect()
}

/// What npm would use here, whatever file or variable it comes from; asked of npm itself.
fn npm_settings(session: &Session<'_>) -> Result<BTreeMap<String, String>> {
    let (sh, npm) = (Shell::new()?, tools::npm());
    let said = process::run(
        session.printer,
        cmd!(sh, "{npm} config list --json"),
        OutputMode::Kept,
    )?;
    let all: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&said).context("failed to read npm's configuration")?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        serde_json::Value::Array(words) => {
            let words: Vec<_> = words.iter().filter_map(|word| word.as_str()).collect();
            let joined = words.join(",");
            (!joined.is_empty()).then_some(joined)
        }
        _ => None,
    };
    Ok(NPM_SETTINGS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), text(all.get(name)?)?)))
        .collect())
}

/// The pinned installers first, then the user's Node and Python, then the system.
fn search_path(session: &Session<'_>) -> Result<Vec<Utf8PathBuf>> {
    let pinned = pinned_programs(session)?;
    let python = Utf8PathBuf::from(tools::interpreter(session)?.executable);
    let folder_of = |path: &Utf8Path| path.parent().map(Utf8Path::to_owned);
    let system = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(Utf8PathBuf::from);
    let own = [
        Some(pinned),
        which("node").as_deref().and_then(folder_of),
        folder_of(&python),
    ];
    let own = own.into_iter().flatten();
    let path: Vec<_> = if cfg!(windows) {
        own.chain(
            env::split_paths(&env::var_os("PATH").unwrap_or_default())
                .filter_map(|path| path.try_into().ok()),
        )
        .collect()
    } else {
        own.chain(system).collect()
    };
    Ok(path)
}

/// A folder with the pinned uv and package managers and nothing else: the folders that they are installed into also
/// hold a `python` and a `node_modules` that no user has on `PATH`.
fn pinned_programs(session: &Session<'_>) -> Result<Utf8PathBuf> {
    let folder = session.root()?.join("target/smoke/programs");
    fs::create_dir_all(&folder)?;
    let uv = tools::provide(session, ToolSet::Python)?.program("uv");
    let node = tools::provide(session, ToolSet::Node)?;
    // Both lines of Yarn have a program of that name.
    let classic = node.programs().join("../yarn-classic/bin/yarn.js");
    let named = |source: Utf8PathBuf| (source.file_name().unwrap_or_default().to_owned(), source);
    let own_names = ["pnpm", "yarn", "bun", "deno"].map(|name| named(node.program(name)));
    for (name, source) in own_names
        .into_iter()
        .chain([named(uv), ("yarn-classic".to_owned(), classic)])
    {
        let link = folder.join(name);
        let target = fs::canonicalize(&source).unwrap_or_else(|_| source.clone().into());
        if fs::read_link(&link).is_ok_and(|points_to| points_to == target) {
            continue;
        }
        let _ = fs::remove_file(&link);
        match place(&target, &link) {
            // Another smoke was faster.
            Err(_) if fs::read_link(&link).is_ok_and(|points_to| points_to == target) => {}
            placed => placed?,
        }
    }
    Ok(folder)
}

#[cfg(unix)]
fn place(target: &std::path::Path, link: &Utf8Path) -> std::io::Result<()> {
    fs::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn place(target: &std::path::Path, link: &Utf8Path) -> std::io::Result<()> {
    fs::copy(target, link).map(drop)
}

fn which(program: &str) -> Option<Utf8PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
        .and_then(|path| path.try_into().ok())
}
