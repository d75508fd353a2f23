//! npm with a closed configuration.
//!
//! The registry is given on the command line, which outranks every `.npmrc` and variable: `--registry` and
//! `--@kaelio:registry`. The environment is a short list; npm's own settings in it are dropped, except for where its
//! credentials are. npm's output is shown without secrets.

mod command;
mod environment;
mod failure;
mod folder;
mod program;

pub(crate) use self::command::commands;
pub use self::command::{Deprecation, PublishCommand, StagedPackage, TagCommand, line};
pub use self::environment::closed;
pub use self::program::{Npm, NpmOutput};
