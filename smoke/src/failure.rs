//! Why a scenario stopped early.

/// A scenario that cannot continue.
#[derive(Debug)]
pub enum Stop {
    Failed(Box<StepFailure>),
    /// The run as a whole was interrupted; says nothing about the package.
    Interrupted,
}

impl Stop {
    /// A failure that one sentence describes.
    pub fn failed(code: impl Into<String>, message: String) -> Stop {
        Stop::Failed(Box::new(StepFailure::new(code, message.clone(), message)))
    }
}

/// What was not as expected.
#[derive(Clone, Debug)]
pub struct StepFailure {
    /// Stable: `<step>.<aspect>`, such as `version.stdout`.
    pub code: String,
    /// One line.
    pub message: String,
    /// The step as a transcript, with the difference.
    pub shown: String,
    /// Logs that may explain it.
    pub logs: Vec<Log>,
}

/// The end of a log file.
#[derive(Clone, Debug)]
pub struct Log {
    pub path: String,
    pub tail: String,
}

impl StepFailure {
    pub fn new(code: impl Into<String>, message: impl Into<String>, shown: impl Into<String>) -> StepFailure {
        StepFailure {
            code: code.into(),
            message: message.into(),
            shown: shown.into(),
            logs: Vec::new(),
        }
    }
}

/// The harness itself failed: a full disk, a folder that cannot be made.
impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Stop::failed("sandbox.io", error.to_string())
    }
}
