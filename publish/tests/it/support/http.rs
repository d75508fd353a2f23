//! Just enough HTTP/1.1 to stand between a client and a registry: one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A request as it came.
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let header = |wanted: &str| {
            headers
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.as_str())
        };
        let mut body = Vec::new();
        if header("transfer-encoding") == Some("chunked") {
            read_chunks(&mut reader, &mut body)?;
        } else {
            let length: u64 = header("content-length").unwrap_or("0").parse().ok()?;
            reader.take(length).read_to_end(&mut body).ok()?;
        }
        Some(Self {
            method,
            path,
            headers,
            body,
        })
    }

    /// The tarball in the body of a publication.
    pub fn attachment(&self) -> Vec<u8> {
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        let attachments = document["_attachments"].as_object().unwrap();
        let data = attachments.values().next().unwrap()["data"].as_str().unwrap();
        STANDARD.decode(data).unwrap()
    }

    /// Sends the request to `port`, with its own `Host`, and returns the whole response.
    pub fn forward(&self, port: u16) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let own = [
            "connection",
            "content-length",
            "transfer-encoding",
            "accept-encoding",
        ];
        for (name, value) in self
            .headers
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
        {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            self.body.len()
        ));
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&self.body).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        response
    }
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = u64::from_str_radix(size.trim(), 16).ok()?;
        reader.take(size).read_to_end(body).ok()?;
        reader.read_line(&mut String::new()).ok()?;
        if size == 0 {
            return Some(());
        }
    }
}

/// A response without a body worth reading.
pub fn answer(status: u16) -> Vec<u8> {
    answer_with(status, b"{\"error\": \"as the test has it\"}")
}

pub fn answer_with(status: u16, body: &[u8]) -> Vec<u8> {
    let mut response = format!(
        "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    response.extend(body);
    response
}
