//! Daemons at URLs that the user named: which token, if any, may be sent there.

use std::path::Path;

use super::proof::holds_token;
use super::state::StateFile;
use super::status::prove_recorded;
use super::token::Token;
use crate::http::{BaseUrl, HttpClient};
use crate::{Interrupted, Runtime};

/// The token to send to a URL: that of the file that `KTX_DAEMON_TOKEN_FILE` names, or of the recorded managed daemon,
/// when the listener proves that it holds it; else none.
///
/// # Errors
/// On a signal only: a listener without proof gets no token, and the request itself fails when there is none.
pub fn token_for(
    runtime: &Runtime,
    client: &HttpClient,
    base: &BaseUrl,
) -> Result<Option<Token>, Interrupted> {
    let found = named_token(runtime, client, base).or_else(|| recorded_token(runtime, client, base));
    runtime.interrupt().check()?;
    Ok(found)
}

fn named_token(runtime: &Runtime, client: &HttpClient, base: &BaseUrl) -> Option<Token> {
    let token = Token::read(Path::new(
        runtime.environment().variable("KTX_DAEMON_TOKEN_FILE")?,
    ))?;
    holds_token(client, base, base.port()?, &token).then_some(token)
}

fn recorded_token(runtime: &Runtime, client: &HttpClient, base: &BaseUrl) -> Option<Token> {
    let StateFile::State(state) = StateFile::read(&runtime.layout().daemon_state_path) else {
        return None;
    };
    let is_recorded = state
        .port
        .is_some_and(|port| Some(port.get()) == base.loopback_port());
    if !is_recorded {
        return None;
    }
    prove_recorded(client, runtime.layout(), &state, None).ok()?;
    Token::read(&runtime.layout().daemon_token_path())
}
