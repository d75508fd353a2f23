//! How many clients the HTTP server has at once: connections, and sessions, of which an abandoned one makes room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{HeaderMap, HeaderName};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{SessionId, SessionManager as _};
use tokio::sync::{MutexGuard, OwnedSemaphorePermit, Semaphore};

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// The limits of one server.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// Those above it are answered once and then closed, and get nothing but the server's status and its end.
    pub connections: usize,
    pub sessions: usize,
    /// A client without an open stream that has asked nothing for so long may have disconnected silently.
    pub idle: Duration,
    /// For the head of a request, which is also how long a connection stays open between two. Longer than the clients'
    /// HTTP libraries keep one, so that they do not send into a connection that is being closed.
    pub head: Duration,
    pub body: Duration,
}

/// Who is connected.
pub struct Clients {
    pub limits: ClientLimits,
    connections: Arc<Semaphore>,
    pub manager: Arc<LocalSessionManager>,
    sessions: Arc<Mutex<BTreeMap<SessionId, Use>>>,
    /// Held while a session is opened, so that the limit is exact.
    opening: tokio::sync::Mutex<()>,
}

/// How a session is used.
#[derive(Clone, Copy, Debug)]
struct Use {
    last: Instant,
    /// Answers and streams that are not over yet.
    open: usize,
}

/// While it lives, its session has an open answer.
pub struct Answering {
    session: SessionId,
    sessions: Arc<Mutex<BTreeMap<SessionId, Use>>>,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            sessions: 64,
            idle: Duration::from_secs(300),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
        }
    }
}

impl Clients {
    pub fn new(limits: ClientLimits) -> Self {
        let mut manager = LocalSessionManager::default();
        // The SDK's five minutes also end the session of a tool that runs for longer.
        manager.session_config.keep_alive = None;
        Self {
            limits,
            connections: Arc::new(Semaphore::new(limits.connections)),
            manager: Arc::new(manager),
            sessions: Arc::default(),
            opening: tokio::sync::Mutex::default(),
        }
    }

    /// The place of a connection; None when all are taken.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// The right to open a session, until it is dropped; None when there are too many.
    pub async fn opening(&self) -> Option<MutexGuard<'_, ()>> {
        let turn = self.opening.lock().await;
        let open: Vec<SessionId> = self.manager.sessions.read().await.keys().cloned().collect();
        let abandoned = self.abandoned(&open);
        if open.len() >= self.limits.sessions {
            // One that has ended by itself meanwhile made room as well.
            let _ = self.manager.close_session(&abandoned?).await;
        }
        Some(turn)
    }

    /// The session that has been idle for longest, if that is long enough. Forgets those that are closed.
    fn abandoned(&self, open: &[SessionId]) -> Option<SessionId> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|id, _| open.contains(id));
        sessions
            .iter()
            .filter(|(_, used)| used.open == 0 && used.last.elapsed() >= self.limits.idle)
            .min_by_key(|(_, used)| used.last)
            .map(|(id, _)| id.clone())
    }

    /// Notes that the session of a request or of its answer, if it has one, is in use until the result is dropped.
    pub fn answering(&self, headers: &HeaderMap) -> Option<Answering> {
        let session: SessionId = headers.get(SESSION_ID)?.to_str().ok()?.into();
        let answering = Answering {
            session,
            sessions: Arc::clone(&self.sessions),
        };
        answering.note(|open| open + 1);
        Some(answering)
    }
}

impl Answering {
    fn note(&self, change: impl FnOnce(usize) -> usize) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let used = sessions.entry(self.session.clone()).or_insert(Use {
            last: Instant::now(),
            open: 0,
        });
        *used = Use {
            last: Instant::now(),
            open: change(used.open),
        };
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.note(|open| open.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::header::HeaderMap;
    use rmcp::transport::streamable_http_server::SessionManager as _;

    use super::{Answering, ClientLimits, Clients, SESSION_ID};

    fn clients(idle: Duration) -> Clients {
        Clients::new(ClientLimits {
            connections: 1,
            sessions: 2,
            idle,
            ..ClientLimits::default()
        })
    }

    async fn open(clients: &Clients) -> (HeaderMap, Option<Answering>) {
        let (id, _worker) = clients.manager.create_session().await.expect("a session");
        let mut headers = HeaderMap::new();
        headers.insert(SESSION_ID, id.parse().expect("a header"));
        let answering = clients.answering(&headers);
        (headers, answering)
    }

    async fn is_open(clients: &Clients, headers: &HeaderMap) -> bool {
        let id = headers[SESSION_ID].to_str().expect("text").into();
        clients.manager.has_session(&id).await.expect("an answer")
    }

    #[tokio::test]
    async fn the_session_that_was_idle_for_longest_makes_room() {
        let clients = clients(Duration::ZERO);
        assert!(clients.opening().await.is_some());
        let (first, answering) = open(&clients).await;
        drop(answering);
        let (second, answering) = open(&clients).await;
        drop(answering);
        drop(clients.answering(&first));
        assert!(clients.opening().await.is_some());
        assert!(is_open(&clients, &first).await, "it was used last");
        assert!(!is_open(&clients, &second).await);
    }

    #[tokio::test]
    async fn a_session_in_use_or_used_lately_keeps_its_place() {
        for (idle, in_use) in [(Duration::ZERO, true), (Duration::from_secs(3600), false)] {
            let clients = clients(idle);
            let (first, answering) = open(&clients).await;
            let answering = answering.filter(|_| in_use);
            let (second, other) = open(&clients).await;
            let other = other.filter(|_| in_use);
            assert!(clients.opening().await.is_none(), "{idle:?}");
            assert!(is_open(&clients, &first).await && is_open(&clients, &second).await);
            drop((answering, other));
            // A client that closes its session makes room.
            let id = first[SESSION_ID].to_str().expect("text").into();
            clients.manager.close_session(&id).await.expect("closes");
            assert!(clients.opening().await.is_some());
        }
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let clients = clients(Duration::ZERO);
        let place = clients.place();
        assert!(place.is_some() && clients.place().is_none());
        drop(place);
        assert!(clients.place().is_some());
    }
}
