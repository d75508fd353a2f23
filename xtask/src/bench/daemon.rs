//! The daemon beside bare apps on the same interpreter. The payload brings its own measurement, `python/bench`.

use anyhow::{Context, Result};
use comfy_table::Table;
use serde::{Deserialize, Serialize};
use xshell::cmd;

use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

#[derive(Deserialize)]
struct Report {
    measurements: Vec<Measurement>,
}

/// One thing measured; its name says the unit.
#[derive(Debug, Deserialize, Serialize)]
pub struct Measurement {
    name: String,
    value: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// For the ratio where there is one, else for the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
}

impl Measurement {
    pub fn add_to(&self, table: &mut Table) {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
        let goal = self
            .limit
            .map_or_else(String::new, |limit| format!("at most {limit:.2}"));
        table.add_row([
            self.name.clone(),
            "daemon".to_owned(),
            number(Some(self.value)),
            String::new(),
            String::new(),
            goal,
        ]);
        if self.peer.is_some() {
            table.add_row([
                String::new(),
                "bare peer".to_owned(),
                number(self.peer),
                String::new(),
                number(self.ratio),
                String::new(),
            ]);
        }
    }
}

/// Runs the payload's measurement; it exits 1 when a limit is broken, which here is a number like any other.
pub fn measure(session: &Session<'_>) -> Result<Vec<Measurement>> {
    let tools = tools::provide(session, ToolSet::Payload)?;
    let (sh, python) = (session.shell()?, tools.program("python"));
    sh.change_dir("python");
    let bench = cmd!(sh, "{python} bench/daemon.py").env_remove("PYTHONDONTWRITEBYTECODE");
    let finished = process::finish(session.printer, bench, OutputMode::Kept)?;
    let report: Report = serde_json::from_str(&finished.stdout).with_context(|| {
        format!(
            "failed to read the daemon's measurements: {}",
            finished.stderr.trim()
        )
    })?;
    Ok(report.measurements)
}
