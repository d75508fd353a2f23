//! When the distributions that a comparison shows as newly locked were uploaded, as uv reads it from the index.
//!
//! uv writes it into a [pylock.toml](https://packaging.python.org/en/latest/specifications/pylock-toml/), as far as the
//! index tells: `upload-time` of the [simple API](https://packaging.python.org/en/latest/specifications/simple-repository-api/).

use std::collections::BTreeMap;

use anyhow::Result;
use fs_err as fs;
use jiff::Timestamp;
use ktx_inspect::{Changes, LockChanges, Upload};
use ktx_release::lock;
use serde::Deserialize;
use xshell::cmd;

use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools;

/// Adds the times to the changes. Where the index does not answer, a warning says so, and they stay unknown.
pub fn add(session: &Session<'_>, changes: &mut Changes) {
    for (path, changes) in &mut changes.locks {
        if changes.added.is_empty() && changes.changed.is_empty() {
            continue;
        }
        match times(session, path) {
            Ok(times) => changes.uploads = of_new_pins(changes, &times, Timestamp::now()),
            Err(error) => session.printer.warning(&format!(
                "the upload times of what `{path}` locks are not known: {error:#}"
            )),
        }
    }
}

/// The time of the newest file, by distribution and version.
type Times = BTreeMap<(String, String), Timestamp>;

/// Of everything in the lock of the checkout that becomes this file of the package: only together do its markers make
/// sense.
fn times(session: &Session<'_>, path: &str) -> Result<Times> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let text = fs::read_to_string(session.root()?.join(lock::FOLDER).join(name))?;
    let scratch = tempfile::tempdir()?;
    let pins = scratch.path().join("pins.txt");
    fs::write(&pins, lock::without_hashes(&text))?;
    let (sh, uv, answer) = (
        session.shell()?,
        tools::uv(session)?,
        scratch.path().join("pylock.toml"),
    );
    let command = cmd!(
        sh,
        "{uv} pip compile --quiet --no-config --universal --no-deps --python-version 3.11 --only-binary :all:"
    );
    let command = command
        .args(["--format", "pylock.toml", "--no-header"])
        .arg("--output-file")
        .arg(&answer);
    process::run(session.printer, command.arg(&pins), OutputMode::Kept)?;
    read(&fs::read_to_string(answer)?)
}

fn read(pylock: &str) -> Result<Times> {
    #[derive(Deserialize)]
    struct Pylock {
        #[serde(default)]
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        #[serde(default)]
        wheels: Vec<Wheel>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Wheel {
        upload_time: Option<toml_edit::Datetime>,
    }
    let pylock: Pylock = toml_edit::de::from_str(pylock)?;
    let mut times = Times::new();
    for package in pylock.packages {
        let uploads: Option<Vec<Timestamp>> = package
            .wheels
            .iter()
            .map(|wheel| wheel.upload_time?.to_string().parse().ok())
            .collect();
        if let Some(newest) = uploads.and_then(|uploads| uploads.into_iter().max()) {
            times.insert((package.name, package.version), newest);
        }
    }
    Ok(times)
}

/// The newest upload of each pin that is new; a pin may have several versions, for other platforms.
fn of_new_pins(changes: &LockChanges, times: &Times, now: Timestamp) -> BTreeMap<String, Upload> {
    let added = changes.added.iter();
    let changed = changes.changed.iter().map(|(name, pin)| (name, &pin.after));
    let upload = |(name, versions): (&String, &String)| {
        let versions = versions.split(", ");
        let times: Option<Vec<Timestamp>> = versions
            .map(|version| times.get(&(name.clone(), version.to_owned())).copied())
            .collect();
        let at = times?.into_iter().max()?;
        let days = (now.as_second() - at.as_second()).div_euclid(24 * 60 * 60);
        Some((name.clone(), Upload { at, days }))
    };
    added.chain(changed).filter_map(upload).collect()
}
