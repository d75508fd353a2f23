//! The package managers that people use besides `npm install`: each has its own commands, and must install the same
//! program. Every installation is done twice, the second time without scripts and optional packages.

mod global;
mod local;

pub use self::global::{NPM as NPM_GLOBAL, PNPM as PNPM_GLOBAL};
pub use self::local::{BUN, PNPM as PNPM_LOCAL, YARN as YARN_PNP};
