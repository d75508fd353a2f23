//! What a server of the tests is asked, however it arrives.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// The head and the body, or what there is of them when the other side ends. A connection that is closed while something
/// is unread would be reset.
pub fn read_request(stream: &TcpStream) -> String {
    let mut stream = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let start = request.len();
        if stream.read_line(&mut request).unwrap_or(0) == 0 {
            return request;
        }
        let line = request[start..].to_ascii_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let _ = stream.take(length).read_to_string(&mut request);
    request
}
