//! `ktx runtime …` as users and scripts see it: every text, on every stream, with its exit status.

mod bench;
mod bundle;
mod daemon;
mod doctor;
mod install;
mod prune;
mod release_policy;
mod signals;
mod usage;
