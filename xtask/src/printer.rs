//! The only place that writes to the terminal: data on stdout, diagnostics on stderr.
//!
//! Honours `NO_COLOR`, a stderr that is not a terminal, and GitHub Actions (annotations and the step summary).

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use ktx_manifest::{Finding, Severity};
use ktx_system::stream;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// What stdout carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

pub struct Printer {
    verbosity: Verbosity,
    format: Format,
    color: bool,
    terminal: bool,
    github: bool,
    spinner: Mutex<Option<ProgressBar>>,
    /// Why a part of the answer was not written.
    lost: Mutex<Option<io::Error>>,
    /// Whether a document was printed.
    answered: AtomicBool,
}

impl Printer {
    pub fn new(verbosity: Verbosity, format: Format) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminal = std::io::stderr().is_terminal();
        Printer {
            verbosity,
            format,
            color: terminal && !set("NO_COLOR"),
            terminal: terminal && !set("CI"),
            github: env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
            spinner: Mutex::new(None),
            lost: Mutex::new(None),
            answered: AtomicBool::new(false),
        }
    }

    /// A line of the answer, for people; prints nothing when stdout carries JSON.
    pub fn data(&self, line: &str) {
        if self.format == Format::Text {
            self.to_stdout(line);
        }
    }

    /// The answer as one document; prints nothing when stdout carries text.
    pub fn document(&self, document: &impl Serialize) -> anyhow::Result<()> {
        if self.format == Format::Json {
            let text = serde_json::to_string_pretty(document)?;
            self.answered.store(true, Ordering::Relaxed);
            self.to_stdout(&text);
        }
        Ok(())
    }

    /// Whether a document has been printed already.
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// A diagnostic line: what a user wants to know during or after the work.
    pub fn talk(&self, line: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.to_stderr(line);
        }
    }

    /// A diagnostic line that only helps to find a fault.
    pub fn verbose(&self, line: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.to_stderr(&self.dim(line));
        }
    }

    /// A line of another program's output, as it is.
    pub fn pass_on(&self, line: &str) {
        self.to_stderr(line);
    }

    pub fn warning(&self, message: &str) {
        self.annotate("warning", message);
        self.to_stderr(&format!("{}: {message}", self.paint("33;1", "warning")));
    }

    pub fn error(&self, message: &str, hint: Option<&str>) {
        self.annotate("error", message);
        self.to_stderr(&format!("{}: {message}", self.paint("31;1", "error")));
        if let Some(hint) = hint {
            self.to_stderr(&format!("{}: {hint}", self.paint("36;1", "hint")));
        }
    }

    /// Everything that a check found, each with its hint.
    pub fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            let (level, color) = match finding.severity {
                Severity::Error => ("error", "31;1"),
                Severity::Warning => ("warning", "33;1"),
            };
            self.annotate(level, &finding.message);
            let mark = self.paint(color, &format!("{level}[{}]", finding.code));
            self.to_stderr(&format!("{mark}: {}", finding.message));
            if let Some(hint) = &finding.hint {
                self.to_stderr(&format!("  {}: {hint}", self.paint("36;1", "hint")));
            }
        }
    }

    /// Starts a step that takes time: a spinner on a terminal, a line when it ends elsewhere.
    pub fn step(&self, name: &str) -> Step<'_> {
        self.live_step(name, String::new)
    }

    /// The same, with a text behind the spinner that is polled; it may have several lines.
    pub fn live_step(
        &self,
        name: &str,
        text: impl Fn() -> String + Clone + Send + Sync + 'static,
    ) -> Step<'_> {
        if self.terminal && self.verbosity == Verbosity::Normal {
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}{live}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
            let write = move |_: &ProgressState, line: &mut dyn std::fmt::Write| {
                // A terminal that cannot be written to has other troubles.
                let _ = line.write_str(&text());
            };
            let spinner = ProgressBar::new_spinner().with_message(name.to_owned());
            spinner.set_style(style.with_key("live", write));
            spinner.enable_steady_tick(Duration::from_millis(100));
            *self.lock_spinner() = Some(spinner);
        }
        Step {
            printer: self,
            name: name.to_owned(),
            started: Instant::now(),
            logged: Mutex::new(Instant::now()),
            done: false,
        }
    }

    /// A step that takes minutes: where there is no spinner, a line says that it is under way.
    pub fn long_step(&self, name: &str) -> Step<'_> {
        if !self.terminal {
            self.talk(&format!("{:>6}  {name}", "..."));
        }
        self.step(name)
    }

    /// The line of something that succeeded and was not a separate step on the terminal.
    pub fn passed(&self, name: &str, elapsed: Duration, outcome: &str) {
        self.ended(&self.paint("32", "ok"), name, elapsed, outcome);
    }

    /// The line of something that failed.
    pub fn failed(&self, name: &str, elapsed: Duration, outcome: &str) {
        self.ended(&self.paint("31", "FAIL"), name, elapsed, outcome);
    }

    /// The line of something that was skipped.
    pub fn skipped(&self, name: &str, elapsed: Duration, reason: &str) {
        self.ended(&self.paint("33", "skip"), name, elapsed, reason);
    }

    fn ended(&self, mark: &str, name: &str, elapsed: Duration, outcome: &str) {
        let seconds = elapsed.as_secs_f64();
        let outcome = if outcome.is_empty() {
            String::new()
        } else {
            format!("  {outcome}")
        };
        self.talk(&format!("{mark:>6}  {name:<28} {seconds:>7.2} s{outcome}"));
    }

    /// Adds Markdown to the summary of the GitHub job, where there is one.
    pub fn summary(&self, markdown: &str) {
        self.to_job("GITHUB_STEP_SUMMARY", markdown);
    }

    /// Sets an output of the step of the GitHub job, where there is one.
    pub fn output(&self, name: &str, value: &str) {
        self.to_job("GITHUB_OUTPUT", &format!("{name}={value}"));
    }

    /// Adds lines to the file that the variable names.
    fn to_job(&self, variable: &str, lines: &str) {
        let Some(path) = env::var_os(variable).filter(|_| self.github) else {
            return;
        };
        let written = fs_err::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| {
                file.write_all(lines.as_bytes())?;
                file.write_all(b"\n")
            });
        if let Err(error) = written {
            self.warning(&format!("failed to write to {variable}: {error}"));
        }
    }

    fn annotate(&self, level: &str, message: &str) {
        if self.github {
            let escaped = message
                .replace('%', "%25")
                .replace('\r', "%0D")
                .replace('\n', "%0A");
            self.to_stderr(&format!("::{level}::{escaped}"));
        }
    }

    /// Why a part of the answer was not written, if any was not. A reader that exits early is not an error.
    pub fn lost(&self) -> Option<io::Error> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn to_stdout(&self, text: &str) {
        let mut written = Ok(());
        let line = format!("{text}\n");
        self.beside_spinner(|| written = stream::write_all(&mut io::stdout().lock(), line.as_bytes()));
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }

    /// A closed stderr does not stop the work.
    fn to_stderr(&self, line: &str) {
        self.beside_spinner(|| drop(writeln!(io::stderr(), "{line}")));
    }

    fn beside_spinner(&self, print: impl FnOnce()) {
        match &*self.lock_spinner() {
            Some(spinner) => spinner.suspend(print),
            None => print(),
        }
    }

    fn lock_spinner(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.spinner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A step in progress; dropped without `done`, it has failed.
#[must_use = "a step that is not done has failed"]
pub struct Step<'p> {
    printer: &'p Printer,
    name: String,
    started: Instant,
    /// When its last line was logged.
    logged: Mutex<Instant>,
    done: bool,
}

/// Keeps the log of a build that takes minutes to a few lines.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

impl Step<'_> {
    /// Ends the step with success; `outcome` is its result in a few words.
    pub fn done(mut self, outcome: &str) -> Duration {
        self.done = true;
        let elapsed = self.started.elapsed();
        self.end(&self.printer.paint("32", "ok"), outcome);
        elapsed
    }

    /// Shows progress: beside the name on a terminal, as an occasional line in a log.
    pub fn says(&self, text: &str) {
        if let Some(spinner) = &*self.printer.lock_spinner() {
            spinner.set_message(format!("{}  {text}", self.name));
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.printer.terminal && logged.elapsed() >= BETWEEN_LINES {
            self.printer.talk(&format!("{:>6}  {}: {text}", "...", self.name));
            *logged = Instant::now();
        }
    }

    /// Ends the step without a line: its parts have already printed theirs.
    pub fn dismiss(mut self) {
        self.done = true;
        if let Some(spinner) = self.printer.lock_spinner().take() {
            spinner.finish_and_clear();
        }
    }

    fn end(&self, mark: &str, outcome: &str) {
        if let Some(spinner) = self.printer.lock_spinner().take() {
            spinner.finish_and_clear();
        }
        self.printer
            .ended(mark, &self.name, self.started.elapsed(), outcome);
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.end(&self.printer.paint("31", "FAIL"), "");
        }
    }
}
