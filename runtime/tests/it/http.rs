//! The client against servers that misbehave: nothing is followed, nothing is repeated, nothing cut short passes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use ktx_runtime::{BaseUrl, Caller, HttpClient, Interrupt, Signal};
use serde_json::json;

use crate::request::read_request;

/// A server that handles one connection after the other; returns its URL.
fn server(handle: impl Fn(TcpStream) + Send + 'static) -> BaseUrl {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().filter_map(Result::ok).for_each(handle));
    format!("http://127.0.0.1:{port}/base").parse().expect("a URL")
}

/// Reads the request and answers with these bytes, then closes.
fn answering(bytes: &'static [u8]) -> BaseUrl {
    server(move |mut stream| {
        read_request(&stream);
        let _ = stream.write_all(bytes);
    })
}

fn post(base: &BaseUrl, interrupt: &Interrupt, timeout: Duration) -> Result<String, String> {
    let client = HttpClient::new(interrupt.clone()).with_timeout(timeout);
    client
        .post_object(Caller::Daemon, base, "/sql/x", &json!({"a": 1}), None)
        .map(|object| serde_json::Value::Object(object).to_string())
        .map_err(|error| error.to_string())
}

#[track_caller]
fn check(answer: &'static [u8], expected: Result<&str, &str>) {
    let outcome = post(&answering(answer), &Interrupt::new(), Duration::from_secs(20));
    let shown = String::from_utf8_lossy(answer);
    match (&outcome, expected) {
        (Ok(body), Ok(wanted)) => assert_eq!(body, wanted, "{shown}"),
        (Err(text), Err(wanted)) => assert!(text.contains(wanted), "{shown}: {text}"),
        _ => panic!("{shown}: expected {expected:?}, got {outcome:?}"),
    }
}

#[test]
fn answers_are_objects_or_errors_in_the_words_of_the_port() {
    check(
        b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"b\": 2}",
        Ok(r#"{"b":2}"#),
    );
    check(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"b\": 2}\r\n0\r\n\r\n",
        Ok(r#"{"b":2}"#),
    );
    for body in ["[]", "\"x\"", "null", "1"] {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        check(
            Box::leak(answer.into_bytes().into_boxed_slice()),
            Err("ktx-daemon HTTP /sql/x returned non-object JSON"),
        );
    }
    check(
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{",
        Err("EOF while parsing"),
    );
    check(
        b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\noops",
        Err("ktx-daemon HTTP /sql/x failed with 500: oops"),
    );
    check(
        b"HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        Err("failed with 302"),
    );
}

#[test]
fn an_answer_that_is_cut_short_is_an_error() {
    check(b"", Err(""));
    check(b"HTTP/1.1 200 OK\r\ncontent-le", Err(""));
    check(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"b\": 2}",
        Err(""),
    );
    check(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"b\": 2}\r\n",
        Err(""),
    );
    check(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\n{\"b\": 2}",
        Err(""),
    );
}

#[test]
fn a_server_that_does_not_answer_meets_the_time_limit_and_a_signal() {
    let silent = server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let outcome = post(&silent, &Interrupt::new(), Duration::from_secs(1));
    assert_eq!(outcome, Err("no complete answer within 1 s".to_owned()));

    let interrupt = Interrupt::new();
    let began = Instant::now();
    let outcome = std::thread::scope(|scope| {
        let request = scope.spawn(|| post(&silent, &interrupt, Duration::from_secs(600)));
        std::thread::yield_now();
        interrupt.raise(Signal::Interrupt);
        request.join().expect("no panic")
    });
    assert_eq!(outcome, Err("interrupted by Ctrl-C".to_owned()));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn nobody_there_is_the_error_of_the_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let outcome = post(&BaseUrl::of_port(port), &Interrupt::new(), Duration::from_secs(5));
    assert!(
        outcome
            .as_ref()
            .is_err_and(|text| text.to_lowercase().contains("refused")),
        "{outcome:?}"
    );
}

#[test]
fn the_request_says_what_it_carries_and_nothing_of_us() {
    let (sender, heard) = std::sync::mpsc::channel();
    let base = server(move |mut stream| {
        let _ = sender.send(read_request(&stream));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    post(&base, &Interrupt::new(), Duration::from_secs(20)).expect("an answer");
    let request = heard.recv().expect("a request");
    let (head, _) = request.split_once("\r\n\r\n").expect("a head");
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /base/sql/x HTTP/1.1");
    lines.retain(|line| !line.starts_with("host:"));
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "accept: application/json",
            "content-length: 7",
            "content-type: application/json"
        ]
    );
}
