//! The real engine of ClickHouse for one test, behind the HTTP front of the payload's tests, gone with the value.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use ktx_fixtures::needs::skip;

/// The interpreter that has chdb.
const PYTHON: &str = "KTX_CHDB_PYTHON";

pub struct Clickhouse {
    front: Child,
    address: String,
    _data: TempDir,
}

impl Clickhouse {
    /// None after saying why the test is skipped.
    pub fn start() -> Option<Self> {
        let Some(python) = std::env::var_os(PYTHON) else {
            skip("KTX_CHDB_PYTHON names no interpreter with chdb; cargo xtask test --suite rust sets it");
            return None;
        };
        let data = tempfile::Builder::new()
            .prefix("ktx-chdb-")
            .tempdir()
            .expect("a temporary folder");
        let front = format!("{}/../python/tests/chdb_http.py", env!("CARGO_MANIFEST_DIR"));
        let mut front = Command::new(python)
            .arg(front)
            .arg(data.path().join("data"))
            .current_dir(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut address = String::new();
        BufReader::new(front.stdout.take().expect("its output"))
            .read_line(&mut address)
            .expect("its address");
        let address = address.trim().to_owned();
        assert!(!address.is_empty(), "the engine did not start");
        Some(Self {
            front,
            address,
            _data: data,
        })
    }

    pub fn url(&self, database: &str) -> String {
        format!("clickhouse://{}/{database}", self.address)
    }

    /// Runs statements that a semicolon ends.
    pub fn sql(&self, sql: &str) {
        for statement in sql
            .split(';')
            .map(str::trim)
            .filter(|statement| !statement.is_empty())
        {
            let mut stream = TcpStream::connect(&self.address).expect("connects");
            // `default:`, who has no password.
            let head = "POST / HTTP/1.1\r\nConnection: close\r\nAuthorization: Basic ZGVmYXVsdDo=";
            let length = statement.len();
            write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{statement}").expect("sends");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("answers");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{statement}: {answer}");
        }
    }
}

impl Drop for Clickhouse {
    fn drop(&mut self) {
        let _ = self.front.kill();
        let _ = self.front.wait();
    }
}
