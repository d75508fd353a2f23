//! A busy daemon answers 503 and has done nothing: it is asked again, for a while, with longer and longer pauses.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ktx_runtime::ports::{self, Address, IdentifierItem, PortError, QueryRequest, Service};
use ktx_runtime::{
    Consent, Dialogue, InstallPolicy, Interrupt, ManagedDaemon, Runtime, Signal, StartMode, TimeLimits,
};

use crate::request::read_request;
use crate::sandbox::{Sandbox, start};

struct Nobody;

impl Dialogue for Nobody {
    fn is_interactive(&self) -> bool {
        false
    }

    fn ask(&self, question: &str) -> Consent {
        panic!("{question}");
    }

    fn say(&self, _line: &str) {}
}

/// A daemon that is busy for so many requests; returns its URL and how many it has had.
fn busy_for(times: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let (status, body) = match read_request(&stream).starts_with("POST") {
                false => ("404 Not Found", "{}"),
                true if count.fetch_add(1, Ordering::SeqCst) < times => {
                    ("503 Service Unavailable", r#"{"detail": "too much work"}"#)
                }
                true => (
                    "200 OK",
                    r#"{"headers": ["n"], "rows": [[1]], "truncated": false}"#,
                ),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nretry-after: 1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (format!("http://127.0.0.1:{port}"), requests)
}

fn ask(url: &str, busy: Duration, interrupt: &Interrupt) -> Result<ports::QueryAnswer, PortError> {
    let sandbox = Sandbox::with_sample();
    let limits = TimeLimits {
        busy,
        ..TimeLimits::default()
    };
    let runtime = sandbox.runtime_under(interrupt.clone()).limited_by(limits);
    let dialogue: Arc<dyn Dialogue> = Arc::new(Nobody);
    let managed = ManagedDaemon::new(runtime.clone(), InstallPolicy::Never, Arc::clone(&dialogue));
    let address = Address::Url(url.to_owned());
    let service = Service::new(&runtime, &address, &managed, InstallPolicy::Never, &dialogue)?;
    let request = QueryRequest {
        connection_id: "c".to_owned(),
        place: ports::DatabasePlace {
            driver: "postgres",
            at: ports::PlaceKind::Url("postgresql://h/d".to_owned()),
        },
        sql: "select 1".to_owned(),
        max_rows: 1,
        statement_timeout_ms: 1000,
        allowed_functions: Vec::new(),
    };
    ports::query_database(&service, &request)
}

#[test]
fn a_daemon_that_is_busy_for_a_moment_answers_in_the_end() {
    let (url, requests) = busy_for(3);
    let answer = ask(&url, Duration::from_secs(30), &Interrupt::new()).expect("an answer");
    assert_eq!(answer.rows, [[serde_json::json!(1)]]);
    assert_eq!(requests.load(Ordering::SeqCst), 4);
}

#[test]
fn one_that_stays_busy_says_so_in_the_end() {
    let (url, requests) = busy_for(usize::MAX);
    let started = Instant::now();
    let error = ask(&url, Duration::from_secs(2), &Interrupt::new()).expect_err("it is busy");
    assert_eq!(error.to_string(), "too much work");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(requests.load(Ordering::SeqCst) > 2);
}

#[test]
fn ctrl_c_ends_the_waiting() {
    let (url, _) = busy_for(usize::MAX);
    let interrupt = Interrupt::new();
    let other = interrupt.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        other.raise(Signal::Interrupt);
    });
    let started = Instant::now();
    let error = ask(&url, Duration::from_secs(120), &interrupt).expect_err("it is interrupted");
    assert!(error.interrupted().is_some(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// A managed daemon that answers every request with 503, as one that has too many connections.
fn always_busy(sandbox: &Sandbox) {
    let lib = fs_err::read_dir(sandbox.version_dir().join(".venv/lib")).expect("lib");
    let python = lib
        .map(|entry| entry.expect("an entry").path())
        .next()
        .expect("one");
    let admission = python.join("site-packages/ktx_daemon/admission.py");
    let text = fs_err::read_to_string(&admission).expect("the module");
    let changed = text.replace(
        "connection is not None and not connection.prove()",
        // As long as before: a file of another size keeps a daemon from starting.
        "connection is not None or  not connection.prove()",
    );
    assert_ne!(changed, text, "the daemon says it in other words");
    fs_err::remove_file(&admission).expect("removed");
    fs_err::write(&admission, changed).expect("written");
}

#[test]
fn a_separate_process_answers_for_a_daemon_that_stays_busy_and_the_daemon_stays() {
    let sandbox = Sandbox::with_installed_payload();
    always_busy(&sandbox);
    let limits = TimeLimits {
        busy: Duration::from_millis(300),
        ..TimeLimits::default()
    };
    let runtime = sandbox.runtime().limited_by(limits);
    let started = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    assert_eq!(parsed(&runtime, &Address::OneShot).expect("a process answers"), 1);
    let error = parsed(&runtime, &Address::Managed).expect_err("the daemon is busy");
    assert!(error.to_string().contains("too many connections"), "{error}");
    let still = runtime.daemon_status().state.expect("it was not replaced");
    assert_eq!(still.pid, started.state.pid);
    runtime.stop().expect("it stops");
}

/// How many of one table identifier are parsed by what answers at an address.
pub fn parsed(runtime: &Runtime, address: &Address) -> Result<usize, PortError> {
    let dialogue: Arc<dyn Dialogue> = Arc::new(Nobody);
    let managed = ManagedDaemon::new(runtime.clone(), InstallPolicy::Never, Arc::clone(&dialogue));
    let service = Service::new(runtime, address, &managed, InstallPolicy::Never, &dialogue)?;
    let item = IdentifierItem {
        key: "k".to_owned(),
        sql_table_name: "shop.orders".to_owned(),
        dialect: "postgres".to_owned(),
    };
    Ok(ports::parse_table_identifiers(&service, &[item])?.len())
}
