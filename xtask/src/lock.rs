//! `cargo xtask lock`: makes the hash-locked requirement files that the package carries, and those of its tests.

use std::path::Path;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use fs_err as fs;
use ktx_manifest::Finding;
use ktx_release::lock::{self, LockLevel, Source};
use ktx_release::pyproject::Project;
use ktx_system::files::{self, Access};
use serde::Serialize;
use xshell::cmd;

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::{tools, uv_pin};

/// Refresh python/locks from python/pyproject.toml
#[derive(Args)]
pub struct LockArgs {
    /// Change nothing and use no network; fail when a lock does not match pyproject.toml
    #[arg(long)]
    check: bool,
    /// Upgrade to the newest versions instead of keeping the locked ones
    #[arg(long, conflicts_with = "check")]
    upgrade: bool,
}

const PYPROJECT: &str = "python/pyproject.toml";

/// The development group of the payload, which is not shipped.
const PAYLOAD_TOOLS: &str = "xtask/tools/payload.txt";

pub fn run(arguments: LockArgs, session: &Session<'_>) -> Result<()> {
    let root = session.root()?;
    let text = fs::read_to_string(root.join(PYPROJECT))?;
    let project =
        Project::parse(Path::new(PYPROJECT), &text).map_err(|findings| refused(session, &findings))?;
    if arguments.check {
        return check(session, root, &project);
    }
    let header = lock::header(&project);
    for level in LockLevel::ALL {
        let path = lock_path(level);
        let extra = level.extra().map(|extra| ["--extra", extra]);
        compile(
            session,
            root,
            &path,
            extra.as_slice().as_flattened(),
            arguments.upgrade,
            &header,
        )?;
    }
    compile(
        session,
        root,
        PAYLOAD_TOOLS.into(),
        &["--group", "python/pyproject.toml:dev"],
        arguments.upgrade,
        "",
    )?;
    uv_pin::lock(session, root)?;
    check(session, root, &project)
}

/// The path of a level's lock file, relative to the root.
pub fn lock_path(level: LockLevel) -> Utf8PathBuf {
    Utf8PathBuf::from("python/locks").join(level.file_name())
}

fn compile(
    session: &Session<'_>,
    root: &Utf8Path,
    lock: &Utf8Path,
    what: &[&str],
    upgrade: bool,
    header: &str,
) -> Result<()> {
    let step = session.printer.step(&format!("lock {lock}"));
    let path = root.join(lock);
    let scratch = tempfile::tempdir()?;
    let draft = scratch.path().join("lock.txt");
    if !upgrade && path.exists() {
        fs::copy(&path, &draft)?;
    }
    let (sh, uv) = (session.shell()?, tools::uv(session)?);
    let command = cmd!(
        sh,
        "{uv} pip compile --quiet --no-config --universal --python-version 3.11"
    )
    .args([
        "--generate-hashes",
        "--only-binary",
        ":all:",
        "--no-header",
        "--no-annotate",
    ])
    .args(what)
    .arg("--output-file")
    .arg(&draft)
    .arg(PYPROJECT);
    process::run(session.printer, command, OutputMode::Kept)
        .with_context(|| format!("failed to lock `{lock}`"))?;
    let pins = fs::read_to_string(&draft)?;
    let body = pins.strip_prefix(
        pins.lines()
            .next()
            .filter(|line| line.starts_with('#'))
            .unwrap_or_default(),
    );
    let text = format!("{header}{}", body.unwrap_or(&pins).trim_start());
    files::write(path.as_std_path(), text.as_bytes(), Access::Readable)?;
    step.done(&format!(
        "{} distributions",
        pins.lines().filter(|line| line.contains("==")).count()
    ));
    Ok(())
}

fn check(session: &Session<'_>, root: &Utf8Path, project: &Project) -> Result<()> {
    let mut findings = Vec::new();
    for level in LockLevel::ALL {
        let path = lock_path(level);
        let text = fs::read_to_string(root.join(&path)).map_err(|error| {
            Failure::new(Exit::Prerequisite, format!("failed to read `{path}`"))
                .because(error)
                .hint("run: cargo xtask lock")
        })?;
        findings.extend(lock::check(
            project,
            level,
            Source {
                path: path.as_str(),
                text: &text,
            },
        ));
    }
    findings.extend(uv_pin::check(root)?);
    session.printer.document(&LockReport { findings: &findings })?;
    if findings.is_empty() {
        session.printer.data(&format!("the locks fit {PYPROJECT}"));
        return Ok(());
    }
    Err(refused(session, &findings))
}

#[derive(Serialize)]
struct LockReport<'a> {
    findings: &'a [Finding],
}

fn refused(session: &Session<'_>, findings: &[Finding]) -> anyhow::Error {
    session.printer.findings(findings);
    Failure::new(Exit::Prerequisite, "failed to use the locks of the payload")
        .hint("run: cargo xtask lock")
        .into()
}
