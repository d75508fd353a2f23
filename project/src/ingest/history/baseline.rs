//! What is remembered from run to run: counters, and when templates were used. Statistics start over when they are
//! reset, and forget statements when they are full; templates stay until their window has passed.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rows::HistoryRow;
use crate::{Error, files};

/// The state of the last run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// Counters by query id.
    pub calls: BTreeMap<String, f64>,
    /// By fingerprint, when a run last saw calls that were new.
    #[serde(default)]
    pub last_used: BTreeMap<String, Timestamp>,
}

impl Baseline {
    /// An unreadable baseline is none: everything counts as new once.
    pub fn read(path: &Path) -> Self {
        let text = fs_err::read(path).ok();
        text.and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    pub fn write(&self, path: &Path) -> Result<(), Error> {
        files::write(
            path,
            serde_json::to_string_pretty(self).unwrap_or_default().as_bytes(),
        )
    }

    /// Counters that went down were reset: then all they count is new.
    pub fn delta(&self, row: &HistoryRow) -> f64 {
        match self.calls.get(&row.queryid) {
            Some(before) if *before <= row.calls => row.calls - before,
            _ => row.calls,
        }
    }

    /// When a template was used last, given the calls since the last run. One that nothing is known about counts from now.
    pub fn used(&self, fingerprint: &str, calls_since: f64, now: Timestamp) -> Timestamp {
        let known = self.last_used.get(fingerprint).copied();
        known.filter(|_| calls_since <= 0.0).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Baseline, HistoryRow};

    fn row(calls: f64) -> HistoryRow {
        HistoryRow {
            queryid: "a".into(),
            query: String::new(),
            calls,
            total_exec_time: 0.0,
            rows: 0.0,
            usename: None,
            reader: None,
        }
    }

    #[test]
    fn counters_that_went_down_were_reset() {
        let mut baseline = Baseline::default();
        assert!((baseline.delta(&row(7.0)) - 7.0).abs() < f64::EPSILON);
        baseline.calls.insert("a".into(), 5.0);
        assert!((baseline.delta(&row(7.0)) - 2.0).abs() < f64::EPSILON);
        assert!((baseline.delta(&row(3.0)) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_template_was_used_when_its_calls_last_rose() {
        let now = Timestamp::from_second(1_000).expect("a time");
        let then = Timestamp::from_second(10).expect("a time");
        let mut baseline = Baseline::default();
        assert_eq!(baseline.used("f", 0.0, now), now);
        baseline.last_used.insert("f".into(), then);
        assert_eq!(baseline.used("f", 0.0, now), then);
        assert_eq!(baseline.used("f", 1.0, now), now);
    }
}
