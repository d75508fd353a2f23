//! What an outsider can verify, against a registry that says what a test wants it to say; and how GitHub is reached.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attested;
mod proxies;
mod published;
mod witnesses;
