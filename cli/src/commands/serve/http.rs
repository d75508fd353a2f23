//! The protocol over HTTP (its streamable form), for several clients at once. Every request carries the token; Host and
//! Origin are checked, so that a page in a browser cannot reach the server by a name of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::messages;
use super::record::Record;
use super::server::Server;
use crate::session::Session;

/// A longer body is not a request; the SDK's own limit.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Where to listen, and for whom.
pub struct Options {
    pub address: SocketAddr,
    pub hosts: Vec<String>,
    pub origins: Vec<String>,
    pub token: String,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// What the requests share.
struct Shared {
    service: StreamableHttpService<Server, LocalSessionManager>,
    token: String,
    stopped: Notify,
}

/// Serves until it is stopped or the process is asked to end. `started` is told the address.
pub async fn serve(
    server: Server,
    options: Options,
    session: &Session,
    started: impl FnOnce(SocketAddr) -> anyhow::Result<Record>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(options.address).await.map_err(|error| {
        ktx_app::Error::hinted(
            format!("failed to listen on `{}`: {error}", options.address),
            "choose another port with --port; 0 takes a free one",
        )
    })?;
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(options.hosts)
        .with_allowed_origins(options.origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(LARGEST_BODY);
    let sessions = config.cancellation_token.clone();
    let shared = Arc::new(Shared {
        service: StreamableHttpService::new(move || Ok(server.clone()), Arc::default(), config),
        token: options.token,
        stopped: Notify::new(),
    });
    let record = started(listener.local_addr()?)?;
    let ended = loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        let service = service_fn(move |request| {
                            let shared = Arc::clone(&shared);
                            async move { answer(&shared, request).await }
                        });
                        // A client that breaks the connection off is the client's business.
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), service)
                            .await;
                    });
                }
                // Such as too many open files: what is connected goes on.
                Err(error) => session.app.desk.debug(&format!("failed to accept a connection: {error}")),
            },
            () = shared.stopped.notified() => break Ok(()),
            () = super::interrupted(session) => break session.app.interrupt.check(),
        }
    };
    sessions.cancel();
    record.remove();
    Ok(ended?)
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Infallible> {
    if !is_authorized(request.headers(), &shared.token) {
        let mut refused = text(StatusCode::UNAUTHORIZED, "the bearer token is missing or wrong");
        refused
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Ok(refused);
    }
    Ok(match (request.method(), request.uri().path()) {
        (_, "/mcp") => protocol(shared, request).await,
        (&Method::GET, "/status") => text(StatusCode::OK, "running"),
        (&Method::POST, "/stop") => {
            shared.stopped.notify_one();
            text(StatusCode::OK, "stopping")
        }
        _ => text(StatusCode::NOT_FOUND, "the server's path is /mcp"),
    })
}

/// A malformed message is answered here, as it is over stdin; everything else by the SDK.
async fn protocol(shared: &Shared, request: Request<Incoming>) -> Answer {
    if request.method() != Method::POST {
        return shared.service.handle(request).await;
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return text(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("failed to read the body: {error}"),
            );
        }
    };
    if let messages::Incoming::Refused(refusal) = messages::read(&body) {
        let json = serde_json::to_string(&refusal).unwrap_or_default();
        let mut answer = text(StatusCode::OK, &json);
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return answer;
    }
    shared
        .service
        .handle(Request::from_parts(head, Full::new(body)))
        .await
}

fn text(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())).boxed());
    *answer.status_mut() = status;
    answer
}

/// Compares in a time that does not depend on how much of the token is right.
fn is_authorized(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        let differences = given
            .bytes()
            .zip(token.bytes())
            .fold(0, |found, (a, b)| found | (a ^ b));
        scheme.eq_ignore_ascii_case("bearer") && given.len() == token.len() && differences == 0
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::{AUTHORIZATION, HeaderMap};

    use super::is_authorized;

    #[test]
    fn only_the_whole_token_opens() {
        for (header, opens) in [
            (Some("Bearer secret"), true),
            (Some("bearer secret"), true),
            (Some("Bearer secre"), false),
            (Some("Bearer secrets"), false),
            (Some("Bearer "), false),
            (Some("Basic secret"), false),
            (Some("secret"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(AUTHORIZATION, header.parse().expect("a header"));
            }
            assert_eq!(is_authorized(&headers, "secret"), opens, "{header:?}");
        }
    }
}
