//! A scripted upstream, for what no honest server says: broken framing, and breaks in the middle of a line.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// What a puppet does after its last word.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// It closes the connection.
    Close,
    /// It says no more and keeps the connection.
    Hang,
}

/// A server whose health checks pass, and that answers every POST with the same bytes.
pub(crate) struct Puppet {
    address: SocketAddr,
}

// === impl Puppet ===

impl Puppet {
    /// Starts one that says `words` as they are.
    pub(crate) fn says(words: &'static str, end: End) -> Self {
        Self::start(move |line| match line.starts_with("GET") {
            true => ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", End::Close),
            false => (words, end),
        })
    }

    /// Starts one that accepts connections and never says anything.
    pub(crate) fn mute() -> Self {
        Self::start(|_| ("", End::Hang))
    }

    fn start(answer: impl Fn(&str) -> (&'static str, End) + Copy + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        // Threads and not tasks: they outlive the test's runtime, and end with its process.
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || converse(socket, answer));
            }
        });
        Self { address }
    }

    /// `http://ADDR`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Serves one request. The harness's bodies come in one piece with their heads or soon after, and are not looked at.
fn converse(mut socket: TcpStream, answer: impl Fn(&str) -> (&'static str, End)) {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&seen) {
        match socket.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(n) => seen.extend_from_slice(&chunk[..n]),
        }
    }
    let (words, end) = answer(&String::from_utf8_lossy(&seen));
    let _ = socket.write_all(words.as_bytes());
    if matches!(end, End::Hang) {
        // Until the other side leaves.
        let _ = socket.set_read_timeout(Some(Duration::from_secs(60)));
        while socket.read(&mut chunk).is_ok_and(|n| n > 0) {}
    }
}

/// Whether a request has come whole, by its declared length.
fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
