//! A client of `ktx serve --mcp stdio`: one JSON-RPC message a line.

use std::collections::BTreeMap;
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
    /// The schema of each tool's result, from the server's own list.
    results: BTreeMap<String, jsonschema::Validator>,
}

impl Client {
    pub fn start(sandbox: &Sandbox, flags: &[&str]) -> Self {
        Self::of_version(sandbox, flags, "2025-06-18")
    }

    /// A client that speaks this version of the protocol.
    pub fn of_version(sandbox: &Sandbox, flags: &[&str], version: &str) -> Self {
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
            results: BTreeMap::new(),
        };
        let hello = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let answer = client.request("initialize", &hello);
        assert_eq!(answer["result"]["serverInfo"]["name"], "ktx", "{answer}");
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        client
    }

    /// Sends one line.
    pub fn send(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().expect("open"), "{line}").expect("writes");
    }

    /// The next message.
    pub fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("reads");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("not a message ({error}): {line}"))
    }

    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.send(&request.to_string());
        let answer = self.receive();
        assert_eq!(answer["id"], self.next, "{answer}");
        answer
    }

    /// The tools, as the server lists them.
    pub fn tools(&mut self) -> Vec<Value> {
        let listed = self.request("tools/list", &json!({}));
        listed["result"]["tools"].as_array().expect("tools").clone()
    }

    /// The structured content of a call, which fits the tool's schema and is not repeated.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        if self.results.is_empty() {
            let schemas = self.tools().into_iter().map(|tool| {
                let schema = jsonschema::validator_for(&tool["outputSchema"]).expect("a schema");
                (tool["name"].as_str().expect("a name").to_owned(), schema)
            });
            self.results = schemas.collect();
        }
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        assert_eq!(result["isError"], false, "{answer}");
        let content = &result["structuredContent"];
        if let Err(error) = self.results[tool].validate(content) {
            panic!("{tool}: {error} at {}: {content}", error.instance_path());
        }
        let text = result["content"].to_string();
        assert!(text.len() < 100, "one copy of the result: {text}");
        content.clone()
    }

    /// The steps that a call reports before its answer, which is not an error.
    pub fn call_with_progress(&mut self, tool: &str, arguments: &Value) -> Vec<String> {
        self.next += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.next, "method": "tools/call", "params": {
            "name": tool, "arguments": arguments, "_meta": {"progressToken": tool},
        }});
        self.send(&request.to_string());
        let mut steps = Vec::new();
        loop {
            let message = self.receive();
            if message["method"] != "notifications/progress" {
                assert_eq!(message["id"], self.next, "{message}");
                assert_eq!(message["result"]["isError"], false, "{message}");
                return steps;
            }
            let progress = &message["params"];
            assert_eq!(progress["progressToken"], tool);
            steps.push(progress["message"].as_str().expect("a message").to_owned());
            let count = f64::from(u32::try_from(steps.len()).expect("few"));
            assert_eq!(progress["progress"].as_f64(), Some(count));
        }
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
