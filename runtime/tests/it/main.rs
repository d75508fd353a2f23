//! The runtime from outside: real uv, real virtual environments, the real daemon.
//!
//! `cargo xtask test` builds the assets and provides uv. By hand: `cargo xtask build` first, and uv on `PATH`.

mod bundle;
mod busy;
mod concurrency;
mod daemon;
mod daemon_faults;
mod damage;
mod ensure;
mod http;
mod identity;
mod install;
mod install_faults;
mod managed_uv;
mod paths;
mod prune;
mod pythons;
mod refusals;
mod request;
mod roots;
mod sandbox;
mod settings;
mod status;
mod surroundings;
mod uv;
