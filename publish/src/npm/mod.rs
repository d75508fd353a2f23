//! npm with a closed configuration.
//!
//! Where a request goes is said on the command line, which outranks every `.npmrc` and variable: `--registry` and
//! `--@kaelio:registry`. The environment is a short list; npm's own settings in it are dropped, except for where its
//! credentials lie. What npm says is shown without secrets.

mod command;
mod environment;
mod program;

pub use self::command::{Deprecation, Publication, StagedPackage, Staging, TagMove, line};
pub(crate) use self::command::{registry_flags, tag_list};
pub use self::environment::closed;
pub use self::program::{Npm, Said};
