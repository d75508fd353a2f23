//! `cargo xtask lock`: makes the hash-locked requirement files that the package carries, and those of its tests.

use std::path::Path;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use fs_err as fs;
use jiff::{SignedDuration, Span, Timestamp, Unit};
use ktx_manifest::{Feature, Finding, LockFile};
use ktx_release::lock::{self, Source};
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
    /// Change nothing and use no network; fail when a lock does not match pyproject.toml, or was edited
    #[arg(long)]
    check: bool,
    /// With --check, also resolve again as of the time in the locks, and fail when the result differs
    #[arg(long, requires = "check")]
    resolve: bool,
    /// Upgrade to the newest versions instead of keeping the locked ones
    #[arg(long, conflicts_with = "check")]
    upgrade: bool,
    /// Leave out files that were uploaded less than this long ago, unless the locks already know newer ones
    #[arg(long, value_name = "AGE", default_value = "7d", value_parser = age, conflicts_with = "check")]
    min_age: SignedDuration,
}

const PYPROJECT: &str = "python/pyproject.toml";

/// The development group of the payload, which is not shipped.
const PAYLOAD_TOOLS: &str = "xtask/tools/payload.txt";

/// What uv resolves for the payload's tools.
const DEVELOPMENT: [&str; 2] = ["--group", "python/pyproject.toml:dev"];

pub fn run(arguments: LockArgs, session: &Session<'_>) -> Result<()> {
    let root = session.root()?;
    let text = fs::read_to_string(root.join(PYPROJECT))?;
    let project =
        Project::parse(Path::new(PYPROJECT), &text).map_err(|findings| refused(session, &findings))?;
    if arguments.check {
        return check(session, root, &project, arguments.resolve);
    }
    let before = uploaded_before(root, arguments.min_age)?;
    let mut locked = String::new();
    for feature in Feature::ALL {
        let path = lock_path(feature);
        let old = fs::read_to_string(root.join(&path)).unwrap_or_default();
        let step = session.printer.step(&format!("lock {path}"));
        let start = if arguments.upgrade { "" } else { &old };
        let pins = compile(session, &extra(feature), start, before, &locked)?;
        locked.push_str(&pins);
        // The same pins keep their time, so that locking twice changes nothing.
        let before = match LockFile::read(&old) {
            Ok(old) if old.pins == pins => old.uploaded_before,
            _ => before,
        };
        let text = lock::text(&project, before, &pins);
        write(root, &path, &text)?;
        step.done(&counted(&pins));
    }
    let step = session.printer.step(&format!("lock {PAYLOAD_TOOLS}"));
    let start = match arguments.upgrade {
        true => String::new(),
        false => fs::read_to_string(root.join(PAYLOAD_TOOLS)).unwrap_or_default(),
    };
    let pins = compile(session, &DEVELOPMENT, &start, before, "")?;
    write(root, PAYLOAD_TOOLS.into(), &pins)?;
    step.done(&counted(&pins));
    uv_pin::lock(session, root)?;
    check(session, root, &project, false)
}

/// The path of a feature's lock file, relative to the root.
pub fn lock_path(feature: Feature) -> Utf8PathBuf {
    Utf8PathBuf::from(lock::FOLDER).join(feature.lock_file())
}

/// `7d`, `36h`, `0d`: a length of time of which a day has 24 hours.
fn age(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let age = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|error| error.to_string())?;
    match age.is_negative() {
        true => Err("an age is not negative".to_owned()),
        false => Ok(age),
    }
}

/// The time before which a file must have been uploaded to be taken: never earlier than a lock was made with, which
/// would revert a fix that was taken early.
fn uploaded_before(root: &Utf8Path, min_age: SignedDuration) -> Result<Timestamp> {
    let now = Timestamp::now().round(Unit::Second)?;
    let known = Feature::ALL.into_iter().filter_map(|feature| {
        let text = fs::read_to_string(root.join(lock_path(feature))).ok()?;
        Some(LockFile::read(&text).ok()?.uploaded_before)
    });
    let known = known.max().unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(now.checked_sub(min_age)?.max(known))
}

fn extra(feature: Feature) -> Vec<&'static str> {
    feature.extra().map_or(Vec::new(), |extra| vec!["--extra", extra])
}

/// The pins that uv chooses as of a time; the versions of `start` are kept where they fit. Its hashes are not shown to
/// uv, which would keep them, too, whatever the registry says. The versions in `fixed` are taken where they are needed at
/// all: features share one environment.
fn compile(
    session: &Session<'_>,
    what: &[&str],
    start: &str,
    before: Timestamp,
    fixed: &str,
) -> Result<String> {
    let scratch = tempfile::tempdir()?;
    let (draft, constraints) = (
        scratch.path().join("lock.txt"),
        scratch.path().join("constraints.txt"),
    );
    fs::write(&draft, lock::without_hashes(start))?;
    fs::write(&constraints, lock::without_hashes(fixed))?;
    let (sh, uv, before) = (session.shell()?, tools::uv(session)?, before.to_string());
    let command = cmd!(
        sh,
        "{uv} pip compile --quiet --no-config --universal --python-version 3.11 --only-binary :all:"
    )
    .args(["--generate-hashes", "--no-header", "--no-annotate"])
    .args(["--exclude-newer", &before])
    .args(what)
    .arg("--constraints")
    .arg(&constraints)
    .arg("--output-file")
    .arg(&draft)
    .arg(PYPROJECT);
    process::run(session.printer, command, OutputMode::Kept)
        .with_context(|| format!("failed to resolve `{PYPROJECT}`"))?;
    Ok(fs::read_to_string(&draft)?)
}

fn write(root: &Utf8Path, path: &Utf8Path, text: &str) -> Result<()> {
    Ok(files::write(
        root.join(path).as_std_path(),
        text.as_bytes(),
        Access::Readable,
    )?)
}

fn counted(pins: &str) -> String {
    let count = pins.lines().filter(|line| line.contains("==")).count();
    format!("{count} distributions")
}

fn check(session: &Session<'_>, root: &Utf8Path, project: &Project, resolve: bool) -> Result<()> {
    let mut findings = lock::unmatched(project);
    let (mut texts, mut before) = (Vec::new(), String::new());
    for feature in Feature::ALL {
        let path = lock_path(feature);
        let text = fs::read_to_string(root.join(&path)).map_err(|error| {
            Failure::new(Exit::Prerequisite, format!("failed to read `{path}`"))
                .because(error)
                .hint("run: cargo xtask lock")
        })?;
        let found = lock::check(
            project,
            feature,
            Source {
                path: path.as_str(),
                text: &text,
            },
        );
        // A lock that is not what it says fixes no versions for those after it.
        if let (true, [], Ok(file)) = (
            resolve && findings.is_empty(),
            found.as_slice(),
            LockFile::read(&text),
        ) {
            let pins = compile(session, &extra(feature), file.pins, file.uploaded_before, &before)?;
            findings.extend((pins != file.pins).then(|| unresolved(&path, file.pins, &pins)));
        }
        findings.extend(found);
        before.push_str(LockFile::read(&text).map_or("", |file| file.pins));
        texts.push((feature, text));
    }
    findings.extend(lock::clashes(&texts));
    findings.extend(lock::strays(root.as_std_path())?);
    findings.extend(uv_pin::check(root)?);
    session.printer.document(&LockReport { findings: &findings })?;
    if findings.is_empty() {
        session.printer.data(&format!("the locks fit {PYPROJECT}"));
        return Ok(());
    }
    Err(refused(session, &findings))
}

/// A lock that a resolver would not write, by the first line that differs.
fn unresolved(path: &Utf8Path, pins: &str, resolved: &str) -> Finding {
    let differs = |(own, other): &(&str, &str)| own != other;
    let lines = pins.lines().chain([""]).zip(resolved.lines().chain([""]));
    let (own, other) = lines.into_iter().find(differs).unwrap_or_default();
    let message = format!(
        "failed to resolve `{path}` again: it has `{}`, the registry gives `{}`",
        own.trim(),
        other.trim()
    );
    Finding::error("lock-unresolved", message).with_hint("run: cargo xtask lock")
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

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn an_age_is_a_length_of_time() {
        for (text, hours) in [("7d", 168), ("36h", 36), ("0d", 0), ("1w", 168), ("2 days", 48)] {
            assert_eq!(age(text).expect(text).as_hours(), hours, "{text}");
        }
        for text in ["", "7", "d", "-1d", "1 month", "soon", "P1Y"] {
            age(text).expect_err(text);
        }
    }
}
