//! What an installation needs that this machine does not have, reported before anybody waits for it.

use crate::install::{FoundPython, Uv};
use crate::status::StatusKind;
use crate::{Error, Runtime, assets};

/// What is missing, and the command or sentence that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    pub problem: String,
    pub hint: String,
}

impl Runtime {
    /// What keeps the runtime from being installed. A runtime that is ready lacks nothing, and nobody is asked.
    pub fn lacking(&self) -> Option<Lacking> {
        if self.status().kind == StatusKind::Ready {
            return None;
        }
        match Uv::find(self) {
            Ok(uv) => lacking_python(self, &uv),
            Err(error) => Some(Lacking {
                hint: error.hint()?,
                problem: match error {
                    Error::UvMissing => "uv was not found; the Python runtime cannot be installed".to_owned(),
                    error => error.to_string(),
                },
            }),
        }
    }
}

fn lacking_python(runtime: &Runtime, uv: &Uv) -> Option<Lacking> {
    let wanted = assets::load(runtime.layout()).ok()?;
    let wanted = wanted.manifest().requires_python().to_string();
    let work = private_folder(runtime).ok()?;
    match uv.find_python(runtime, &wanted, work.path()) {
        FoundPython::At(_) => None,
        FoundPython::None(_) => Some(Lacking {
            problem: format!("no Python {wanted} was found; uv downloads one when the runtime is installed"),
            hint: format!(
                "to install one now, run: {} python install {}",
                ktx_system::shell::quoted(&uv.path().display().to_string()),
                ktx_system::shell::quoted(&wanted)
            ),
        }),
    }
}

/// uv looks for a project in its working directory; a private one has none.
pub(super) fn private_folder(runtime: &Runtime) -> std::io::Result<tempfile::TempDir> {
    match runtime.environment().variable("TMPDIR") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
}
