//! A client of `ktx serve --mcp stdio`: one JSON-RPC message a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::Sandbox;

/// A client that has said hello.
pub struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    next: u64,
}

impl Client {
    pub fn start(sandbox: &Sandbox, flags: &[&str]) -> Self {
        let mut command = sandbox.process(&[&["serve", "--mcp", "stdio"], flags].concat());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let (stdin, stdout) = (
            child.stdin.take(),
            BufReader::new(child.stdout.take().expect("stdout")),
        );
        let mut client = Self {
            child,
            stdin,
            stdout,
            next: 0,
        };
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let answer = client.request("initialize", &hello);
        assert_eq!(answer["result"]["serverInfo"]["name"], "ktx", "{answer}");
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().expect("open"), "{message}").expect("writes");
    }

    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("reads");
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("not a message ({error}): {line}"));
        assert_eq!(answer["id"], self.next, "{answer}");
        answer
    }

    /// The structured content of a call, which is also its text.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        assert_eq!(result["isError"], false, "{answer}");
        let text = result["content"][0]["text"].as_str().expect("text");
        assert_eq!(
            serde_json::from_str::<Value>(text).expect("json"),
            result["structuredContent"]
        );
        result["structuredContent"].clone()
    }

    /// The text of a call that fails.
    pub fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}));
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"]
            .as_str()
            .expect("text")
            .to_owned()
    }

    /// Hangs up; returns the exit code and stderr.
    pub fn end(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        let output = self.child.wait_with_output().expect("ends");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }
}
