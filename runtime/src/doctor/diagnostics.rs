//! Facts around a runtime that explain why a check fails, each under an id that programs can rely on.

use std::path::Path;

use serde::Serialize;

use crate::install::{Depth, FoundPython, Uv, deviations, is_network_setting, leftovers};
use crate::installed::{InstalledManifest, Recorded};
use crate::{PackageBill, Runtime, assets, disk};
use ktx_system::{Redaction, files};

/// How many deviating files are named.
const NAMED_FILES: usize = 10;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub id: &'static str,
    pub label: &'static str,
    pub detail: String,
}

/// All of them, always in the same order. `uv` is the one that was found to work.
pub fn collect(runtime: &Runtime, uv: Option<&Uv>) -> Vec<Diagnostic> {
    let fact = |id, label, detail: String| Diagnostic { id, label, detail };
    vec![
        fact(
            "uv-path",
            "uv found at",
            uv.map_or("not found".to_owned(), |uv| uv.path().display().to_string()),
        ),
        fact("python", "Python to install with", python(runtime, uv)),
        fact("runtime-root", "Runtime root", root(runtime.root())),
        fact("install-lock", "Install lock", lock(runtime, "install")),
        fact("daemon-lock", "Daemon lock", lock(runtime, "daemon")),
        fact("leftovers", "Interrupted installs", interrupted(runtime)),
        fact("installed-files", "Installed files", installed_files(runtime)),
        fact("daemon", "Daemon", daemon(runtime)),
        fact("network", "Proxy and certificate settings", network(runtime)),
        fact("package", "Package", package(runtime)),
    ]
}

/// Only what can be seen from here: who built the package is for the registry's attestations to say.
fn package(runtime: &Runtime) -> String {
    let environment = runtime.environment();
    let Some(bill) = PackageBill::read(environment) else {
        return "no bill of materials".to_owned();
    };
    let revision = bill.source_revision.as_deref();
    format!(
        "built from {}; {}; provenance not checked here: npm audit signatures",
        revision.unwrap_or("uncommitted sources"),
        bill.verdict(environment.program()),
    )
}

fn python(runtime: &Runtime, uv: Option<&Uv>) -> String {
    let Some(uv) = uv else {
        return "unknown without uv".to_owned();
    };
    let Ok(assets) = assets::load(runtime.layout()) else {
        return "unknown without the bundled manifest".to_owned();
    };
    let wanted = assets.manifest().requires_python().to_string();
    // uv looks for a project around its working directory; a private one has none.
    let Ok(work) = super::prerequisites::private_folder(runtime) else {
        return "unknown: no temporary directory can be made".to_owned();
    };
    match uv.find_python(runtime, &wanted, work.path()) {
        FoundPython::At(path) => format!("{} (wanted: {wanted})", path.display()),
        FoundPython::None(said) => format!("none that fits {wanted} is installed: {said}"),
    }
}

fn root(root: &Path) -> String {
    // A root that is not there yet is made below the nearest directory that is.
    let Some(existing) = root.ancestors().find(|directory| directory.is_dir()) else {
        return format!("{}: no parent directory exists", root.display());
    };
    let missing = if existing == root { "" } else { ", not there yet" };
    let writable = if files::is_writable(existing) {
        "writable"
    } else {
        "not writable"
    };
    let free = files::free_space(existing).map_or("unknown".to_owned(), disk::human);
    format!("{}{missing}, {writable}, {free} free", root.display())
}

fn lock(runtime: &Runtime, kind: &str) -> String {
    runtime
        .lock_holder(kind)
        .map_or("free".to_owned(), |holder| format!("held by {holder}"))
}

fn interrupted(runtime: &Runtime) -> String {
    let found: Vec<String> = leftovers(runtime, runtime.version())
        .iter()
        .map(|leftover| leftover.path.display().to_string())
        .collect();
    if found.is_empty() {
        "none".to_owned()
    } else {
        format!("removed by the next install: {}", found.join(", "))
    }
}

fn installed_files(runtime: &Runtime) -> String {
    match InstalledManifest::read(&runtime.layout().manifest_path) {
        Recorded::Manifest(_) => {}
        Recorded::Missing | Recorded::Invalid(_) => return "nothing is installed".to_owned(),
    }
    let found = deviations(runtime.layout(), Depth::Digests);
    if found.is_empty() {
        return "as recorded".to_owned();
    }
    let named: Vec<String> = found
        .iter()
        .take(NAMED_FILES)
        .map(|deviation| format!("{}: {}", deviation.path.display(), deviation.problem))
        .collect();
    let more = found.len().saturating_sub(NAMED_FILES);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!(
        "{} differ from what is recorded, repaired by ktx runtime install --force: {}{more}",
        found.len(),
        named.join("; ")
    )
}

fn daemon(runtime: &Runtime) -> String {
    let status = runtime.daemon_status();
    format!("{}: {}", status.kind.name(), status.detail)
}

fn network(runtime: &Runtime) -> String {
    let redaction = Redaction::of(runtime.environment().variables());
    let set: Vec<String> = runtime
        .environment()
        .variables()
        .filter(|(name, value)| !value.is_empty() && name.to_str().is_some_and(is_network_setting))
        .map(|(name, value)| {
            format!(
                "{}={}",
                name.to_string_lossy(),
                redaction.apply(&value.to_string_lossy())
            )
        })
        .collect();
    if set.is_empty() {
        "none".to_owned()
    } else {
        set.join(", ")
    }
}
