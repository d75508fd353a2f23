//! `ktx runtime doctor`: three checks that decide, and diagnostics that explain. Changes nothing.

mod diagnostics;
mod prerequisites;

use serde::Serialize;

pub use self::diagnostics::Diagnostic;
pub use self::prerequisites::Lacking;
use crate::assets::{self, Origin};
use crate::error::UV_REQUIRED;
use crate::install::Uv;
use crate::status::StatusKind;
use crate::{Error, Runtime};

/// Everything that is found, as `--json` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    /// Exactly `uv`, `asset` and `runtime`, in this order.
    pub checks: Vec<Check>,
    /// Explains a failure; never decides the result.
    pub diagnostics: Vec<Diagnostic>,
}

/// One of the three checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub status: CheckStatus,
    pub id: &'static str,
    pub label: &'static str,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    Pass,
    Fail,
}

impl DoctorReport {
    /// Whether every check passed.
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.status == CheckStatus::Pass)
    }
}

impl Runtime {
    /// Checks everything that an installation needs and is.
    ///
    /// # Errors
    /// On a signal only: what is wrong is part of the report.
    pub fn doctor(&self) -> Result<DoctorReport, Error> {
        let uv = Uv::find(self);
        self.interrupt().check()?;
        let checks = vec![check_uv(&uv), self.check_assets(), self.check_runtime()];
        let diagnostics = diagnostics::collect(self, uv.as_ref().ok());
        self.interrupt().check()?;
        Ok(DoctorReport { checks, diagnostics })
    }

    fn check_assets(&self) -> Check {
        let verified = assets::load(self.layout()).and_then(ktx_manifest::BundledAssets::verify);
        let fix = match assets::origin(self.layout()) {
            Origin::Checkout => "Run: cargo xtask check".to_owned(),
            Origin::Package => format!("Reinstall @kaelio/ktx@{}", self.version()),
        };
        let outcome = match verified {
            Ok(verified) => Ok(verified.wheel_path().display().to_string()),
            Err(error) => Err(error.to_string()),
        };
        check("asset", "Bundled Python wheel", outcome, fix)
    }

    fn check_runtime(&self) -> Check {
        let status = self.status();
        let outcome = if status.kind == StatusKind::Ready {
            Ok(status.detail)
        } else {
            Err(status.detail)
        };
        check(
            "runtime",
            "Managed Python runtime",
            outcome,
            "Run: ktx runtime install --yes".to_owned(),
        )
    }
}

fn check_uv(uv: &Result<Uv, Error>) -> Check {
    let outcome = match uv {
        Ok(uv) if uv.version().is_empty() => Ok("uv available".to_owned()),
        Ok(uv) => Ok(uv.version().to_owned()),
        Err(Error::UvMissing) => Err(UV_REQUIRED.to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let fix = "Install uv, make sure it is on PATH, and run: ktx runtime install --yes";
    check("uv", "uv", outcome, fix.to_owned())
}

fn check(id: &'static str, label: &'static str, outcome: Result<String, String>, fix: String) -> Check {
    match outcome {
        Ok(detail) => Check {
            status: CheckStatus::Pass,
            id,
            label,
            detail,
            fix: None,
        },
        Err(detail) => Check {
            status: CheckStatus::Fail,
            id,
            label,
            detail,
            fix: Some(fix),
        },
    }
}
