//! A command line as a value: what a person would type, in which folder, with which variables set before it.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::Sandbox;

/// What any command may take (contract: "each command must finish within 30 s").
const DEADLINE: Duration = Duration::from_secs(30);

/// A command that can be run in a sandbox.
#[derive(Clone, Debug)]
pub struct Invocation {
    program: String,
    arguments: Vec<String>,
    folder: Option<Utf8PathBuf>,
    /// `None` takes a variable away.
    variables: BTreeMap<String, Option<String>>,
    /// Variables that are no part of the line.
    shell: BTreeMap<String, String>,
    input: Vec<u8>,
    deadline: Duration,
}

impl Invocation {
    pub fn new(program: impl Into<String>) -> Invocation {
        Invocation {
            program: program.into(),
            arguments: Vec::new(),
            folder: None,
            variables: BTreeMap::new(),
            shell: BTreeMap::new(),
            input: Vec::new(),
            deadline: DEADLINE,
        }
    }

    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Words separated by blanks, for command lines without any word that holds one.
    #[must_use]
    pub fn words(self, words: &str) -> Self {
        self.args(words.split_whitespace())
    }

    #[must_use]
    pub fn within(mut self, folder: &Utf8Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), Some(value.into()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.insert(name.to_owned(), None);
        self
    }

    /// A variable that the person who types the line has set before.
    #[must_use]
    pub fn in_a_shell_with(mut self, name: &str, value: &str) -> Self {
        self.shell.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn reading(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// The same command started by another program, such as an emulator.
    #[must_use]
    pub fn wrapped(mut self, program: &str, arguments: &[&str]) -> Self {
        let inner = std::mem::replace(&mut self.program, program.to_owned());
        let outer = arguments.iter().map(|argument| (*argument).to_owned());
        self.arguments = outer.chain([inner]).chain(self.arguments).collect();
        self
    }

    #[must_use]
    pub fn deadline_of(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// Program and arguments, for another program that starts it.
    pub fn argv(&self) -> Vec<String> {
        std::iter::once(&self.program)
            .chain(&self.arguments)
            .cloned()
            .collect()
    }

    /// The line as a person would type it, variables first.
    pub fn line(&self) -> String {
        let variables = self.variables.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={}", quoted(value)),
            None => format!("{name}="),
        });
        let words = std::iter::once(&self.program).chain(&self.arguments);
        variables
            .chain(words.map(|word| quoted(word)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn command(&self, sandbox: &Sandbox) -> Command {
        let mut environment = sandbox.environment().clone();
        environment.extend(self.shell.clone());
        for (name, value) in &self.variables {
            match value {
                Some(value) => environment.insert(name.clone(), value.clone()),
                None => environment.remove(name),
            };
        }
        let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
        let mut command = Command::new(found(&self.program, path));
        command
            .args(&self.arguments)
            .current_dir(self.folder.clone().unwrap_or_else(|| sandbox.work()))
            .env_clear()
            .envs(&environment);
        command
    }
}

/// The program on the sandbox's `PATH`: the standard library would look on ours.
fn found(program: &str, path: &str) -> String {
    if program.contains(['/', '\\']) {
        return program.to_owned();
    }
    let endings: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd", ""]
    } else {
        &[""]
    };
    std::env::split_paths(path)
        .filter_map(|folder| Utf8PathBuf::try_from(folder).ok())
        .flat_map(|folder| {
            endings
                .iter()
                .map(move |ending| folder.join(format!("{program}{ending}")))
        })
        .find(|candidate| candidate.is_file())
        .map_or_else(|| program.to_owned(), Utf8PathBuf::into_string)
}

fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./:=@+,%^".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let invocation = Invocation::new("ktx")
            .words("sl query --format json")
            .arg("it's")
            .with("KTX_RUNTIME_ROOT", "/a b");
        assert_eq!(
            invocation.line(),
            r"KTX_RUNTIME_ROOT='/a b' ktx sl query --format json 'it'\''s'"
        );
    }
}
