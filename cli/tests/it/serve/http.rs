//! `ktx serve --mcp http`: who may reach it, several clients at once, and how it is found and stopped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::demo;
use crate::sandbox::{Sandbox, wait_until};

const SERVE: [&str; 5] = ["serve", "--mcp", "http", "--port", "0"];

/// A server, ended with the test.
struct HttpServer {
    child: Child,
    port: u16,
    token: String,
}

/// What a server answered.
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl HttpServer {
    fn start(sandbox: &Sandbox, flags: &[&str]) -> Self {
        Self::of(sandbox, sandbox.process(&[&SERVE, flags].concat()))
    }

    /// The server that this command is.
    fn of(sandbox: &Sandbox, mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let first = lines.next().expect("a line").expect("text");
        let rest = first
            .strip_prefix("ktx MCP server running on http://127.0.0.1:")
            .expect("its address");
        let port = rest.split('/').next().expect("a port").parse().expect("a port");
        let token = sandbox.read(".ktx/secrets/mcp-token");
        Self { child, port, token }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connects");
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        write!(stream, "{request}\r\n{body}").expect("writes");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("reads");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head
            .split(' ')
            .nth(1)
            .expect("a status")
            .parse()
            .expect("a number");
        Answered {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// A message of a client that may; `session` is the id that `initialize` gave.
    fn post(&self, session: Option<&str>, message: &Value) -> Answered {
        let host = format!("127.0.0.1:{}", self.port);
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![
            ("Host", host.as_str()),
            ("Authorization", bearer.as_str()),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Type", "application/json"),
        ];
        headers.extend(session.map(|session| ("Mcp-Session-Id", session)));
        self.send("POST", "/mcp", &headers, &message.to_string())
    }

    /// Says hello; the id of the session.
    fn greet(&self) -> String {
        let answer = self.post(None, &hello());
        assert_eq!(answer.status, 200, "{} {}", answer.head, answer.body);
        assert_eq!(answer.message()["result"]["serverInfo"]["name"], "ktx");
        let session = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("mcp-session-id: "));
        let session = session.expect("a session").to_owned();
        let done = self.post(
            Some(&session),
            &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        );
        assert_eq!(done.status, 202);
        session
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }})
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answered {
    /// The JSON of the body, be it the body or an event in it.
    fn message(&self) -> Value {
        let line = self
            .body
            .lines()
            .map(|line| line.strip_prefix("data: ").unwrap_or(line));
        line.filter_map(|line| serde_json::from_str(line).ok())
            .find(Value::is_object)
            .unwrap_or_else(|| panic!("no message: {} {}", self.head, self.body))
    }
}

#[test]
fn only_who_has_the_token_and_comes_by_a_known_name_is_served() {
    let sandbox = demo();
    let server = HttpServer::start(
        &sandbox,
        &[
            "--allow-host",
            "ktx.internal",
            "--allow-origin",
            "https://ui.example:443",
        ],
    );
    let bearer = format!("Bearer {}", server.token);
    let here = format!("localhost:{}", server.port);
    let named = format!("ktx.internal:{}", server.port);
    let local = format!("http://localhost:{}", server.port);
    for (authorization, host, origin, status) in [
        (None, here.as_str(), None, 401),
        (Some("Bearer wrong"), here.as_str(), None, 401),
        (Some(bearer.as_str()), "rebound.example", None, 403),
        (
            Some(bearer.as_str()),
            here.as_str(),
            Some("https://foreign.example"),
            403,
        ),
        (Some(bearer.as_str()), here.as_str(), Some("null"), 403),
        (Some(bearer.as_str()), here.as_str(), None, 200),
        (Some(bearer.as_str()), here.as_str(), Some(local.as_str()), 200),
        (
            Some(bearer.as_str()),
            named.as_str(),
            Some("https://ui.example"),
            200,
        ),
    ] {
        let mut headers = vec![
            ("Host", host),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Type", "application/json"),
        ];
        headers.extend(authorization.map(|value| ("Authorization", value)));
        headers.extend(origin.map(|value| ("Origin", value)));
        let answer = server.send("POST", "/mcp", &headers, &hello().to_string());
        assert_eq!(
            answer.status, status,
            "{headers:?}: {} {}",
            answer.head, answer.body
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = sandbox.project().join(".ktx/secrets/mcp-token");
        let mode = fs_err::metadata(file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the token is private");
    }
}

#[test]
fn several_clients_are_served_at_once() {
    let sandbox = demo();
    let server = HttpServer::start(&sandbox, &[]);
    let sessions = [server.greet(), server.greet(), server.greet()];
    assert!(sessions[0] != sessions[1] && sessions[1] != sessions[2]);
    std::thread::scope(|scope| {
        for session in &sessions {
            let server = &server;
            scope.spawn(move || {
                for id in 2..5 {
                    let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "connection_list", "arguments": {}}});
                    let answer = server.post(Some(session), &call).message();
                    assert_eq!(answer["id"], id);
                    assert_eq!(answer["result"]["structuredContent"]["connections"][0]["id"], "orbit_demo");
                }
            });
        }
    });
    let malformed = server.post(
        Some(&sessions[0]),
        &json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": []}),
    );
    assert_eq!(
        (&malformed.message()["id"], &malformed.message()["error"]["code"]),
        (&json!(7), &json!(-32602))
    );
    let unknown = server.post(
        Some("nobody"),
        &json!({"jsonrpc": "2.0", "id": 8, "method": "tools/list"}),
    );
    assert_eq!(unknown.status, 404);
}

#[test]
fn a_server_is_found_and_stopped() {
    let sandbox = demo();
    let nothing = sandbox.run(&["serve", "status"]).succeeds();
    assert_eq!(nothing.stdout(), "No server of this project runs over HTTP.\n");
    let mut server = HttpServer::start(&sandbox, &[]);
    let url = format!("http://127.0.0.1:{}/mcp", server.port);
    let status = sandbox.run(&["serve", "status", "--json"]).succeeds().json();
    assert_eq!(
        status,
        json!({"servers": [{"url": url, "pid": server.child.id()}]})
    );
    let taken = sandbox.run(&["serve", "--mcp", "http", "--port", &server.port.to_string()]);
    assert_eq!(taken.output.status.code(), Some(1));
    assert!(
        taken.stderr().contains("failed to listen on")
            && taken.stderr().contains("hint: choose another port"),
        "{taken}"
    );
    let other = sandbox.run(&["serve", "stop", "--port", "1"]).succeeds();
    assert_eq!(other.stdout(), "No server to stop.\n");
    let stopped = sandbox.run(&["serve", "stop"]).succeeds();
    assert_eq!(stopped.stdout(), format!("Stopped {url}\n"));
    assert_eq!(server.child.wait().expect("ends").code(), Some(0));
    // One that was killed left its record; it is not reported as running.
    let mut killed = HttpServer::start(&sandbox, &[]);
    killed.child.kill().expect("kills");
    let _ = killed.child.wait();
    assert_eq!(
        sandbox.run(&["serve", "status", "--json"]).succeeds().json(),
        json!({"servers": []})
    );
}

/// As many clients as the server's `--help` says, and what the next one is told.
#[test]
fn sessions_have_a_limit_and_one_that_ends_makes_room() {
    let sandbox = demo();
    let server = HttpServer::start(&sandbox, &[]);
    let sessions: Vec<String> = (0..64).map(|_| server.greet()).collect();
    let refused = server.post(None, &hello());
    assert_eq!(refused.status, 503, "{} {}", refused.head, refused.body);
    assert!(refused.head.contains("retry-after: 10"), "{}", refused.head);
    assert_eq!(
        refused.body,
        "the server has its maximum of 64 sessions: close a client, or try again later"
    );
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    assert_eq!(
        server.post(Some(&sessions[9]), &call).message()["result"],
        json!({})
    );
    let bearer = format!("Bearer {}", server.token);
    let headers = [
        ("Host", "localhost"),
        ("Authorization", bearer.as_str()),
        ("Mcp-Session-Id", &sessions[9]),
    ];
    let ended = server.send("DELETE", "/mcp", &headers, "");
    assert!(matches!(ended.status, 200..=204), "{}", ended.head);
    assert_eq!(server.post(Some(&sessions[9]), &call).status, 404);
    let _ = server.greet();
}

#[test]
fn the_server_is_found_and_stopped_however_many_are_connected() {
    let sandbox = demo();
    let mut server = HttpServer::start(&sandbox, &[]);
    let session = server.greet();
    let connect = || TcpStream::connect(("127.0.0.1", server.port)).expect("connects");
    let waiting: Vec<TcpStream> = (0..256).map(|_| connect()).collect();
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let refused = server.post(Some(&session), &call);
    assert_eq!(refused.status, 503, "{} {}", refused.head, refused.body);
    assert_eq!(
        refused.body,
        "the server has its maximum of 256 connections: close a client, or try again later"
    );
    let status = sandbox.run(&["serve", "status", "--json"]).succeeds().json();
    assert_eq!(status["servers"][0]["pid"], server.child.id());
    drop(waiting);
    wait_until("there is room for a connection", || {
        server.post(Some(&session), &call).status == 200
    });
    let _waiting: Vec<TcpStream> = (0..256).map(|_| connect()).collect();
    let _ = sandbox.run(&["serve", "stop"]).succeeds();
    assert_eq!(server.child.wait().expect("ends").code(), Some(0));
}

/// Out of file descriptors, the server keeps those that it has, and accepts again once there are some.
#[cfg(unix)]
#[test]
fn a_server_without_file_descriptors_serves_again_when_it_has_some() {
    let sandbox = demo();
    let plain = sandbox.process(&SERVE);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 24 && exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(sandbox.project())
        .env_clear()
        .envs(sandbox.environment())
        .stdin(Stdio::null());
    let server = HttpServer::of(&sandbox, limited);
    let session = server.greet();
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    // The kernel takes them; the server has no descriptor for all of them.
    let waiting: Vec<TcpStream> = (0..60)
        .map(|_| TcpStream::connect(("127.0.0.1", server.port)).expect("connects"))
        .collect();
    std::thread::scope(|scope| {
        let late = scope.spawn(|| server.post(Some(&session), &call).message());
        let descriptors = format!("/proc/{}/fd", server.child.id());
        if std::path::Path::new(&descriptors).exists() {
            wait_until("every descriptor is in use", || {
                fs_err::read_dir(&descriptors).expect("reads").count() >= 24
            });
        }
        assert!(!late.is_finished(), "it waits for a descriptor");
        drop(waiting);
        assert_eq!(late.join().expect("answers")["result"], json!({}));
    });
}
