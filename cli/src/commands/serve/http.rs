//! The protocol over HTTP (its streamable form), for several clients at once. Every request carries the token; Host and
//! Origin are checked, so that a page in a browser cannot reach the server by a name of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::clients::{ClientLimits, Clients};
use super::messages;
use super::record::Record;
use super::server::Server;
use crate::session::Session;

/// A longer body is not a request; the SDK's own limit.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// Between two attempts to accept a connection, when the system had no file descriptor or no memory for one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
    clients: Clients,
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
    let clients = Clients::new(ClientLimits::default());
    let shared = Arc::new(Shared {
        service: StreamableHttpService::new(move || Ok(server.clone()), Arc::clone(&clients.manager), config),
        token: options.token,
        clients,
        stopped: Notify::new(),
    });
    let record = started(listener.local_addr()?)?;
    let ended = loop {
        tokio::select! {
            stream = connection(&listener, session) => {
                tokio::spawn(converse(Arc::clone(&shared), stream));
            }
            () = shared.stopped.notified() => break Ok(()),
            () = super::interrupted(session) => break session.app.interrupt.check(),
        }
    };
    sessions.cancel();
    record.remove();
    Ok(ended?)
}

/// The next connection. Open connections continue while no other can be accepted.
async fn connection(listener: &TcpListener, session: &Session) -> TcpStream {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                session
                    .app
                    .desk
                    .debug(&format!("failed to accept a connection: {error}"));
                tokio::time::sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
    }
}

/// Answers the requests of one connection.
async fn converse(shared: Arc<Shared>, stream: TcpStream) {
    let place = shared.clients.place();
    let is_crowded = place.is_none();
    let limits = shared.clients.limits;
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, request, is_crowded).await }
    });
    let connection = http(limits)
        .keep_alive(!is_crowded)
        .serve_connection(TokioIo::new(stream), service);
    // A client that drops the connection is not an error.
    let _ = connection.await;
}

fn http(limits: ClientLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head);
    builder
}

async fn answer(shared: &Shared, request: Request<Incoming>, is_crowded: bool) -> Result<Answer, Infallible> {
    if !is_authorized(request.headers(), &shared.token) {
        let mut refused = text(StatusCode::UNAUTHORIZED, "the bearer token is missing or wrong");
        refused
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Ok(refused);
    }
    Ok(match (request.method(), request.uri().path()) {
        (_, "/mcp") if is_crowded => refused_for_now("connections", shared.clients.limits.connections),
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
    let answering = shared.clients.answering(request.headers());
    if request.method() != Method::POST {
        return holding(answering, shared.service.handle(request).await);
    }
    let (head, body) = request.into_parts();
    let body = match whole(body, shared.clients.limits).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let message = messages::read(&body);
    if let messages::Incoming::Refused(refusal) = message {
        let json = serde_json::to_string(&refusal).unwrap_or_default();
        let mut answer = text(StatusCode::OK, &json);
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return answer;
    }
    let request = Request::from_parts(head, Full::new(body));
    if !messages::is_hello(&message) {
        return holding(answering, shared.service.handle(request).await);
    }
    let Some(_turn) = shared.clients.opening().await else {
        return refused_for_now("sessions", shared.clients.limits.sessions);
    };
    let answer = shared.service.handle(request).await;
    holding(shared.clients.answering(answer.headers()), answer)
}

/// The bytes of a body, or what its sender is answered.
async fn whole(body: Incoming, limits: ClientLimits) -> Result<Bytes, Answer> {
    let (status, error) = match timeout(limits.body, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(error)) => (StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        Err(_) => {
            let error = format!("it was not complete in {:?}", limits.body);
            (StatusCode::REQUEST_TIMEOUT, error)
        }
    };
    Err(text(status, &format!("failed to read the body: {error}")))
}

/// The answer, which keeps `held` until its last byte is sent.
fn holding<T: Send + Sync + 'static>(held: T, answer: Answer) -> Answer {
    answer.map(|body| {
        let held = move |frame| {
            let _ = &held;
            frame
        };
        body.map_frame(held).boxed()
    })
}

fn refused_for_now(what: &str, most: usize) -> Answer {
    let message = format!("the server has its maximum of {most} {what}: close a client, or try again later");
    let mut refused = text(StatusCode::SERVICE_UNAVAILABLE, &message);
    refused
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("10"));
    refused
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
    use std::convert::Infallible;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    use hyper::Request;
    use hyper::StatusCode;
    use hyper::body::Incoming;
    use hyper::header::{AUTHORIZATION, HeaderMap};
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;

    use super::{Answer, http, is_authorized, text, whole};
    use crate::commands::serve::clients::ClientLimits;

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

    /// What a client that sends this, and then nothing, has received when the connection is closed.
    async fn received(sent: String, limits: ClientLimits) -> String {
        async fn echo(request: Request<Incoming>, limits: ClientLimits) -> Result<Answer, Infallible> {
            let body = whole(request.into_body(), limits).await;
            Ok(body.map_or_else(
                |refused| refused,
                |body| text(StatusCode::OK, &format!("{} bytes", body.len())),
            ))
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let client = tokio::task::spawn_blocking(move || {
            let mut client = TcpStream::connect(address).expect("connects");
            client.write_all(sent.as_bytes()).expect("writes");
            let mut received = String::new();
            client.read_to_string(&mut received).expect("reads");
            received
        });
        let (stream, _) = listener.accept().await.expect("accepts");
        let service = service_fn(move |request| echo(request, limits));
        let served = http(limits).serve_connection(TokioIo::new(stream), service).await;
        // How it ended is seen by the client.
        drop(served);
        client.await.expect("ends")
    }

    #[tokio::test]
    async fn a_client_that_stops_in_the_middle_is_not_waited_for() {
        const HEAD: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n";
        let long = Duration::from_secs(3600);
        let limits = |head, body| ClientLimits {
            head,
            body,
            ..ClientLimits::default()
        };
        let short = Duration::from_millis(50);
        assert_eq!(received(HEAD.to_owned(), limits(short, long)).await, "");
        assert_eq!(received(String::new(), limits(short, long)).await, "");
        let late = received(format!("{HEAD}\r\nab"), limits(short, short)).await;
        assert!(late.starts_with("HTTP/1.1 408 "), "{late}");
        assert!(
            late.ends_with("failed to read the body: it was not complete in 50ms"),
            "{late}"
        );
        let complete = received(format!("{HEAD}Connection: close\r\n\r\nabcd"), limits(long, long)).await;
        assert!(
            complete.starts_with("HTTP/1.1 200 ") && complete.ends_with("4 bytes"),
            "{complete}"
        );
    }
}
