//! A client that costs next to nothing: one connection, one request at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// What one answer took.
pub(crate) struct Took {
    /// To the first bytes of the body.
    pub(crate) first_bytes: Duration,
    /// To the last.
    pub(crate) whole: Duration,
}

// === impl Client ===

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream: BufReader::with_capacity(64 << 10, stream) }
    }

    /// Asks for a chat completion; the answer must be a 200.
    pub(crate) fn ask(&mut self, body: &str) -> Took {
        let begun = Instant::now();
        let length = body.len();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("it takes the request");
        let length = self.read_head();
        assert!(!self.stream.fill_buf().expect("a body").is_empty());
        let first_bytes = begun.elapsed();
        match length {
            Some(length) => self.skip(length),
            None => while self.skip_chunk() {},
        }
        Took { first_bytes, whole: begun.elapsed() }
    }

    /// The content length, if the head has one; otherwise the body is chunked.
    fn read_head(&mut self) -> Option<usize> {
        let status = self.line();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        let mut length = None;
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                return length;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok();
            }
        }
    }

    fn skip_chunk(&mut self) -> bool {
        let size = usize::from_str_radix(&self.line(), 16).expect("a chunk's size");
        self.skip(size + 2);
        size > 0
    }

    fn skip(&mut self, bytes: usize) {
        std::io::copy(&mut self.stream.by_ref().take(bytes as u64), &mut std::io::sink()).expect("the rest");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line");
        line.truncate(line.trim_end().len());
        line
    }
}
