//! A proxy before a registry that misbehaves on demand, and counts what reaches it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use ktx_policy::RegistryUrl;

use super::http::{Request, answer, answer_with};

/// How the proxy misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The next upload is answered with this status and not stored.
    RefuseUpload(u16),
    /// The next upload is stored, and then answered with this status.
    StoreThenAnswer(u16),
    /// After an upload, this many reads of the package still say 404.
    LagAfterUpload(u32),
    /// After an upload, one read is good and the next two say 404.
    VanishAfterUpload,
    /// Every read is answered with this status.
    RefuseReads(u16),
    /// Every tarball has one byte flipped.
    AlterTarballs,
    /// Takes packages for staging, which verdaccio does not: `POST /-/stage/package/…`, `GET /-/stage/<id>/tarball`.
    Stages,
}

/// The name under which the proxy stages; npm wants a UUID.
const STAGE_ID: &str = "0b6e7a8c-5d1f-4c3e-9a2b-7f8e9d0c1b2a";

/// A running proxy; its threads end with the test's process.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    upstream: Option<u16>,
    faults: Vec<Fault>,
    reads_since_upload: Option<u32>,
    staged: Vec<u8>,
    requests: Vec<String>,
}

impl Proxy {
    /// Before the registry at `upstream`.
    pub fn before(upstream: u16, faults: &[Fault]) -> Self {
        Self::start(Some(upstream), faults)
    }

    /// Before nothing: every request that reaches it is one too many.
    pub fn canary() -> Self {
        Self::start(None, &[])
    }

    pub fn url(&self) -> RegistryUrl {
        format!("http://127.0.0.1:{}/", self.port).parse().unwrap()
    }

    /// `METHOD path` of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// How many uploads came.
    pub fn uploads(&self) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.starts_with("PUT "))
            .count()
    }

    fn start(upstream: Option<u16>, faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            upstream,
            faults: faults.to_vec(),
            reads_since_upload: None,
            staged: Vec::new(),
            requests: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { port, state }
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let Some(request) = Request::read(stream) else {
        return;
    };
    let response = respond(&request, state);
    let mut writer = stream;
    let _ = writer.write_all(&response);
    let _ = writer.flush();
}

fn respond(request: &Request, state: &Mutex<State>) -> Vec<u8> {
    let mut guard = state.lock().unwrap();
    guard
        .requests
        .push(format!("{} {}", request.method, request.path));
    let Some(upstream) = guard.upstream else {
        return answer(404);
    };
    let is_upload = request.method == "PUT" && request.path.contains("ktx") && !request.path.contains("/-/");
    let is_read = request.method == "GET" && request.path.contains("ktx") && !request.path.contains("/-/");
    if is_upload {
        guard.reads_since_upload = Some(0);
        let fault = guard
            .faults
            .iter()
            .position(|fault| matches!(fault, Fault::RefuseUpload(_) | Fault::StoreThenAnswer(_)));
        return match fault.map(|index| guard.faults.remove(index)) {
            Some(Fault::RefuseUpload(status)) => answer(status),
            Some(Fault::StoreThenAnswer(status)) => {
                request.forward(upstream);
                answer(status)
            }
            _ => request.forward(upstream),
        };
    }
    if is_read {
        let reads = guard.reads_since_upload.as_mut().map(|reads| {
            *reads += 1;
            *reads
        });
        for fault in &guard.faults {
            match (fault, reads) {
                (Fault::RefuseReads(status), _) => return answer(*status),
                (Fault::LagAfterUpload(count), Some(reads)) if reads <= *count => return answer(404),
                (Fault::VanishAfterUpload, Some(2 | 3)) => return answer(404),
                _ => {}
            }
        }
    }
    if guard.faults.contains(&Fault::Stages) && request.path.starts_with("/-/stage/") {
        return stage(request, &mut guard);
    }
    let alters = guard.faults.contains(&Fault::AlterTarballs) && request.path.ends_with(".tgz");
    drop(guard);
    let mut response = request.forward(upstream);
    if alters && let Some(last) = response.last_mut() {
        *last ^= 1;
    }
    response
}

fn stage(request: &Request, state: &mut State) -> Vec<u8> {
    if request.method == "POST" {
        state.staged = request.attachment();
        return answer_with(200, format!("{{\"stageId\": \"{STAGE_ID}\"}}").as_bytes());
    }
    let mut tarball = state.staged.clone();
    if state.faults.contains(&Fault::AlterTarballs) {
        // The operating system that gzip names: the content stays readable.
        tarball[9] ^= 1;
    }
    answer_with(200, &tarball)
}
