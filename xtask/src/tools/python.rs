//! Tool sets from the Python registry: uv by pip, then everything else by uv, all with `--require-hashes`.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use xshell::cmd;

use super::interpreter::{self, Interpreter};
use super::stamp::Stamp;
use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;

pub fn programs(folder: &Utf8Path) -> Utf8PathBuf {
    folder.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

pub fn program(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    programs(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Windows has `Lib/site-packages`, the others a folder per interpreter version.
pub fn library(folder: &Utf8Path, package: &str) -> Result<Utf8PathBuf> {
    let lib = folder.join(if cfg!(windows) { "Lib" } else { "lib" });
    let versions = lib
        .read_dir_utf8()
        .with_context(|| format!("failed to read `{lib}`"))?;
    let candidates = versions.filter_map(|entry| Some(entry.ok()?.path().join("site-packages")));
    [lib.join("site-packages")]
        .into_iter()
        .chain(candidates)
        .map(|packages| packages.join(package))
        .find(|package| package.is_dir())
        .with_context(|| format!("failed to find `{package}` below `{lib}`"))
}

/// Installs the set that `requirements` locks into a virtual environment at `folder`.
pub fn install(
    session: &Session<'_>,
    tools: &Utf8Path,
    requirements: &Utf8Path,
    folder: &Utf8Path,
) -> Result<()> {
    let python = interpreter::find(session)?;
    let stamp = Stamp::of(
        folder,
        &[requirements.to_owned()],
        &[&python.executable, &python.version],
    )?;
    if stamp.is_current() {
        return Ok(());
    }
    let uv = bootstrap(session, tools, &python)?;
    let name = folder.file_name().unwrap_or_default();
    let step = session.printer.step(&format!("install tools: {name}"));
    stamp.begin(folder)?;
    let (sh, base) = (session.shell()?, &python.executable);
    let venv = cmd!(
        sh,
        "{uv} venv --quiet --no-config --allow-existing --python {base} {folder}"
    );
    process::run(session.printer, venv, OutputMode::Kept)?;
    let inside = program(folder, "python");
    let sync = cmd!(
        sh,
        "{uv} pip sync --no-config --require-hashes --only-binary :all:"
    );
    super::fetch(session, name, sync.arg("--python").arg(inside).arg(requirements))?;
    stamp.finish()?;
    step.done("");
    Ok(())
}

/// uv itself, from its wheel, by the pip that comes with the interpreter.
pub fn bootstrap(session: &Session<'_>, tools: &Utf8Path, python: &Interpreter) -> Result<Utf8PathBuf> {
    let folder = tools.join("uv");
    let requirements = session.root()?.join("xtask/tools/uv.txt");
    let stamp = Stamp::of(&folder, std::slice::from_ref(&requirements), &[&python.version])?;
    let uv = folder
        .join("bin")
        .join(format!("uv{}", std::env::consts::EXE_SUFFIX));
    if stamp.is_current() {
        return Ok(uv);
    }
    let lock = fs_err::File::create(tools.join(".uv.lock"))?;
    lock.file().lock()?;
    if stamp.is_current() {
        return Ok(uv);
    }
    let (sh, executable) = (session.shell()?, &python.executable);
    process::run(
        session.printer,
        cmd!(sh, "{executable} -m pip --version"),
        OutputMode::Kept,
    )
    .map_err(|error| {
        Failure::new(
            Exit::Prerequisite,
            format!("failed to find pip for `{}`", python.executable),
        )
        .because(error)
        .hint("install it with: python3 -m ensurepip, or apt-get install --yes python3-pip")
    })?;
    let step = session.printer.step("install tools: uv");
    stamp.begin(&folder)?;
    let pip = cmd!(
        sh,
        "{executable} -m pip install --quiet --disable-pip-version-check --no-input"
    )
    .args(["--require-hashes", "--only-binary", ":all:", "--no-deps"])
    .args([
        "--target",
        folder.as_str(),
        "--requirement",
        requirements.as_str(),
    ])
    .env("PIP_ROOT_USER_ACTION", "ignore");
    super::fetch(session, "uv", pip)?;
    stamp.finish()?;
    step.done("");
    Ok(uv)
}
