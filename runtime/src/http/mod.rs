//! JSON over HTTP to a daemon: one request, one answer, no redirects and no retries.
//!
//! Knows neither which daemon it talks to nor whether that may be trusted. A request carries a token only when the
//! caller holds a proven daemon (see `daemon`).

mod client;
mod error;
mod url;

pub use self::client::HttpClient;
pub use self::error::{Caller, HttpError};
pub use self::url::{BaseUrl, InvalidUrl};
