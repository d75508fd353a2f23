//! The API of GitHub is reached through the proxy of the environment, unless `NO_PROXY` names its host.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ktx_announce::github::Repository;
use ktx_publish::Environment;

#[test]
fn no_proxy_names_hosts_that_are_reached_directly() {
    for (no_proxy, is_direct) in [
        ("", false),
        ("github.example", false),
        ("27.0.0.1", false),
        ("127.0.0.1", true),
        ("github.example, 127.0.0.1", true),
        ("*", true),
    ] {
        for names in [("HTTPS_PROXY", "NO_PROXY"), ("https_proxy", "no_proxy")] {
            let (api, at_api) = listener();
            let (proxy, at_proxy) = listener();
            let environment = Environment::from([
                ("GITHUB_API_URL".to_owned(), format!("https://{api}")),
                (names.0.to_owned(), format!("http://{proxy}")),
                (names.1.to_owned(), no_proxy.to_owned()),
            ]);
            let repository = Repository::named("https://github.com/kaelio/ktx", &environment).unwrap();
            repository.releases().unwrap_err();
            let what = format!("{names:?} {no_proxy:?}");
            let (reached, other) = if is_direct {
                (at_api, at_proxy)
            } else {
                (at_proxy, at_api)
            };
            let first = reached.recv_timeout(Duration::from_secs(20)).expect(&what);
            assert_eq!(&first == b"CONNECT ", !is_direct, "{what}");
            assert!(other.try_recv().is_err(), "{what}");
        }
    }
}

/// An address, and the first bytes that somebody sends to it; the answer is of no use to anybody.
fn listener() -> (String, Receiver<[u8; 8]>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut first = [0; 8];
            let _ = stream.read_exact(&mut first);
            let _ = stream
                .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = sender.send(first);
        }
    });
    (address, received)
}
