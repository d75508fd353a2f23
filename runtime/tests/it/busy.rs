//! A busy daemon answers 503 and has done nothing: it is asked again, for a while, with longer and longer pauses.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ktx_runtime::ports::{self, Address, PortError, QueryRequest, Service};
use ktx_runtime::{Consent, Dialogue, InstallPolicy, Interrupt, Limits, ManagedDaemon, Signal};

use crate::request::read_request;
use crate::sandbox::Sandbox;

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
    let limits = Limits {
        busy,
        ..Limits::default()
    };
    let runtime = sandbox.runtime_under(interrupt.clone()).limited_by(limits);
    let dialogue: Arc<dyn Dialogue> = Arc::new(Nobody);
    let managed = ManagedDaemon::new(runtime.clone(), InstallPolicy::Never, Arc::clone(&dialogue));
    let address = Address::Url(url.to_owned());
    let service = Service::new(&runtime, &address, &managed, InstallPolicy::Never, &dialogue)?;
    let request = QueryRequest {
        connection_id: "c".to_owned(),
        driver: "postgres",
        url: "postgresql://h/d".to_owned(),
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
