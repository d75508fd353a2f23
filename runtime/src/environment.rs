//! What a command knows about the process it runs in, as a value that is handed in.
//!
//! Only [`Environment::of_this_process`] reads the real process; everything else works on the value, so that a test
//! (or a program that embeds the library) controls it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variables, the home directory and the program's own path.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    home: Option<PathBuf>,
    program: Option<PathBuf>,
    current_dir: Option<PathBuf>,
}

impl Environment {
    /// The environment of the running process. The home directory is `HOME`, else what the user database says.
    pub fn of_this_process() -> Environment {
        Environment {
            variables: std::env::vars_os()
                .map(|(name, value)| (canonical(name), value))
                .collect(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            program: std::env::current_exe().ok(),
            current_dir: std::env::current_dir().ok(),
        }
    }

    /// An environment of these variables alone; the home directory is the value of `HOME` among them.
    pub fn of_variables<K: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Environment {
        let variables: BTreeMap<OsString, OsString> = variables
            .into_iter()
            .map(|(name, value)| (canonical(name.into()), value.into()))
            .collect();
        let home = variables
            .get(OsStr::new("HOME"))
            .map(PathBuf::from)
            .filter(|home| home.is_absolute());
        Environment {
            variables,
            home,
            program: None,
            current_dir: None,
        }
    }

    /// The same environment with another program path: whose place decides where the bundled assets are looked for.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Environment {
        self.program = Some(program.into());
        self
    }

    /// The value of a variable; a variable that is set to nothing counts as unset.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a variable as text; `None` also when it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variable(name)?.to_str()
    }

    /// Every variable that is set, the empty ones too, by name.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The user's home directory, when it is known and absolute.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The path of the running program, if the system reports it.
    pub fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// The directory the command was started in.
    pub fn current_dir(&self) -> Option<&Path> {
        self.current_dir.as_deref()
    }
}

/// Windows does not tell `Path` from `PATH`.
fn canonical(name: OsString) -> OsString {
    if cfg!(windows) {
        name.to_ascii_uppercase()
    } else {
        name
    }
}
