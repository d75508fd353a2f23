//! What an outsider can verify, against a registry that says what a test wants it to say.

#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod published;
