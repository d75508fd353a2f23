//! Which rows of a history count, and what is taken out of their texts.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::rows::HistoryRow;
use crate::config::HistoricSql;
use crate::ingest::IngestError;

const REDACTED: &str = "[REDACTED]";
/// Characters of a statement that say which one is meant.
const START: usize = 60;

/// What PostgreSQL shows of the statements of other roles.
const HIDDEN: &str = "<insufficient privilege>";

/// Statements about the session, which use no table; and the cursor that `ktx` itself reads with.
static NOT_A_QUERY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?isx)^(?: \s | --[^\n]*\n | /\*.*?\*/ | \( )*
        (?: (?: abort|begin|checkpoint|close|commit|deallocate|discard|end|execute|fetch|listen|load|move|notify
              |release|reset|rollback|savepoint|set|show|start|unlisten )\b
          | declare \s+ "ktx" \s
          | prepare \s+ transaction\b )"#,
    )
    .expect("a constant")
});

static VALUES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)'.*?(?:'|$)|\b\d[\d.]*").expect("a constant"));
static TEXTS: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?s)'.*?(?:'|$)").expect("a constant"));

/// How a history is read, as `ktx.yaml` has it.
pub struct HistorySettings {
    min_calls: u64,
    max_templates: usize,
    window: SignedDuration,
    service_accounts: Vec<Regex>,
    redactions: Vec<Regex>,
}

/// The rows that are analysed, and how many are not for two reasons.
pub struct Chosen {
    pub rows: Vec<HistoryRow>,
    pub not_queries: usize,
    /// Rows of other roles, without a text.
    pub hidden: usize,
}

impl HistorySettings {
    pub fn of(settings: &HistoricSql, id: &str) -> Result<Self, IngestError> {
        let compile = |patterns: &[String], key: &str| {
            let read = |pattern: &String| {
                Regex::new(pattern).map_err(|error| IngestError::Pattern {
                    key: format!("connections.{id}.historicSql.{key}"),
                    reason: error
                        .to_string()
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim()
                        .to_owned(),
                })
            };
            patterns.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            min_calls: settings.min_calls,
            max_templates: settings.max_templates_per_run,
            window: SignedDuration::from_hours(24 * i64::from(settings.window_days)),
            service_accounts: compile(
                &settings.service_account_user_patterns,
                "serviceAccountUserPatterns",
            )?,
            redactions: compile(&settings.redaction_patterns, "redactionPatterns")?,
        })
    }

    /// The rows to analyse, the longest running first.
    pub fn choose(&self, mut rows: Vec<HistoryRow>) -> Chosen {
        let all = rows.len();
        rows.retain(|row| row.query.trim() != HIDDEN);
        let hidden = all - rows.len();
        rows.retain(|row| !row.queryid.is_empty() && !NOT_A_QUERY.is_match(&row.query));
        let not_queries = all - hidden - rows.len();
        #[expect(clippy::cast_precision_loss, reason = "a threshold that people write")]
        rows.retain(|row| {
            let of_service =
                |user: &String| self.service_accounts.iter().any(|pattern| pattern.is_match(user));
            row.calls >= self.min_calls as f64 && !row.usename.as_ref().is_some_and(of_service)
        });
        rows.sort_by(|a, b| {
            b.total_exec_time
                .total_cmp(&a.total_exec_time)
                .then_with(|| a.queryid.cmp(&b.queryid))
        });
        rows.truncate(self.max_templates);
        Chosen {
            rows,
            not_queries,
            hidden,
        }
    }

    /// Whether something that was used then still counts.
    pub fn is_within_window(&self, used: Timestamp, now: Timestamp) -> bool {
        now.duration_since(used) <= self.window
    }

    pub fn redact(&self, text: &str) -> String {
        self.redactions.iter().fold(text.to_owned(), |text, pattern| {
            pattern.replace_all(&text, REDACTED).into_owned()
        })
    }

    /// The start of a statement, on one line and without values.
    pub fn excerpt(&self, statement: &str) -> String {
        let redacted = self.redact(statement);
        let line = words(&VALUES.replace_all(&redacted, "?"));
        match line.char_indices().nth(START) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// What a service says about a statement, without the texts in it.
    pub fn reason(&self, message: &str) -> String {
        let redacted = self.redact(message.lines().next().unwrap_or_default());
        words(&TEXTS.replace_all(&redacted, "?"))
    }
}

fn words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{HIDDEN, HistoryRow, HistorySettings};
    use crate::config::HistoricSql;

    fn row(id: &str, query: &str, calls: f64, time: f64, user: &str) -> HistoryRow {
        HistoryRow {
            queryid: id.into(),
            query: query.into(),
            calls,
            total_exec_time: time,
            rows: 0.0,
            usename: Some(user.into()),
            reader: None,
        }
    }

    fn settings(patterns: &[&str]) -> HistoricSql {
        HistoricSql {
            enabled: true,
            dialect: "postgres".into(),
            service_account_user_patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            redaction_patterns: vec!["[a-z]+@example\\.com".into()],
            max_templates_per_run: 2,
            min_calls: 5,
            window_days: 90,
        }
    }

    #[test]
    fn rows_of_services_and_rare_ones_are_left_out() {
        let chosen = HistorySettings::of(&settings(&["^etl_"]), "wh")
            .expect("patterns")
            .choose(vec![
                row("rare", "select", 4.0, 900.0, "ann"),
                row("service", "select", 50.0, 800.0, "etl_nightly"),
                row("third", "select", 50.0, 1.0, "ann"),
                row("first", "select", 5.0, 30.0, "ann"),
                row("second", "select", 9.0, 20.0, "bo"),
            ]);
        let ids: Vec<&str> = chosen.rows.iter().map(|row| row.queryid.as_str()).collect();
        assert_eq!(ids, ["first", "second"]);
        let error = HistorySettings::of(&settings(&["("]), "wh")
            .err()
            .expect("refused")
            .to_string();
        assert!(
            error.starts_with("failed to read `connections.wh.historicSql.serviceAccountUserPatterns`"),
            "{error}"
        );
    }

    #[test]
    fn statements_about_the_session_and_hidden_ones_are_not_templates() {
        let settings = HistorySettings::of(&settings(&[]), "wh").expect("patterns");
        for (query, is_kept) in [
            ("BEGIN", false),
            ("begin isolation level serializable", false),
            ("-- app\n/* x */ COMMIT", false),
            ("SET search_path = $1", false),
            ("listen orders", false),
            ("fetch forward $1 from \"ktx\"", false),
            ("DECLARE \"ktx\" NO SCROLL CURSOR FOR select 1 from t", false),
            ("prepare transaction 'x'", false),
            ("start_up()", true),
            ("select set_config($1, $2, $3) from t", true),
            ("declare c cursor for select 1 from t", true),
            ("prepare p as select 1 from t", true),
            ("(select 1 from t)", true),
            ("settle accounts", true),
        ] {
            let chosen = settings.choose(vec![row("1", query, 9.0, 1.0, "ann")]);
            assert_eq!((chosen.rows.len() == 1, chosen.hidden), (is_kept, 0), "{query}");
            assert_eq!(chosen.not_queries, usize::from(!is_kept), "{query}");
        }
        let chosen = settings.choose(vec![row("", HIDDEN, 9.0, 1.0, "bo")]);
        assert_eq!((chosen.rows.len(), chosen.not_queries, chosen.hidden), (0, 0, 1));
    }

    #[test]
    fn what_matches_a_pattern_is_taken_out_and_an_excerpt_has_no_values() {
        let settings = HistorySettings::of(&settings(&[]), "wh").expect("patterns");
        assert_eq!(
            settings.redact("where mail = 'ann@example.com'"),
            "where mail = '[REDACTED]'"
        );
        assert_eq!(
            settings.excerpt("alter  role x\npassword 'it''s' valid 12.5 ann@example.com 'open"),
            "alter role x password ?? valid ? [REDACTED] ?"
        );
        assert_eq!(settings.excerpt(&"é".repeat(70)), format!("{}…", "é".repeat(60)));
    }
}
