//! HTTP/1 as bytes, for requests that no client library would send.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// One connection to a server.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// One answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Longer than anything the router waits for on its own.
const HANG: Duration = PATIENCE.saturating_mul(2);

// === impl Wire ===

impl Wire {
    pub(crate) async fn connect(address: &str) -> Self {
        Self { stream: TcpStream::connect(address).await.expect("it listens"), unread: Vec::new() }
    }

    /// Sends bytes; the server may have closed by then.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = timeout(HANG, self.stream.write_all(bytes.as_ref())).await.expect("the server reads on or closes");
        sent.is_ok()
    }

    /// Says that nothing more is coming, and goes on reading.
    pub(crate) async fn half_close(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The next final answer, or nothing if the server closes without one.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        timeout(HANG, self.read_answer()).await.expect("an answer or the connection's end")
    }

    /// As [`Self::answer`], for as long as it takes; dropped in the middle, it loses nothing of a head.
    pub(crate) async fn answered(&mut self) -> Option<Answer> {
        self.read_answer().await
    }

    /// Waits until `text` has come, and leaves all unread.
    pub(crate) async fn receives(&mut self, text: &str) {
        let found = timeout(HANG, self.find(text.as_bytes())).await.expect("it comes");
        assert!(found.is_some(), "closed before {text:?} came");
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn closes(&mut self) {
        let ending = async { while self.more().await {} };
        timeout(HANG, ending).await.expect("the server closes the connection");
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        loop {
            let end = self.find(b"\r\n\r\n").await?;
            let head = String::from_utf8_lossy(&self.unread[..end]).to_ascii_lowercase();
            self.unread.drain(..end + 4);
            let status = head.split(' ').nth(1)?.parse().expect("a status");
            if status < 200 {
                continue;
            }
            let mut answer = Answer { status, head, body: Vec::new() };
            answer.body = match (answer.header("content-length"), answer.header("transfer-encoding")) {
                (Some(length), _) => self.exactly(length.parse().expect("a length")).await,
                (None, Some(_)) => self.chunks().await?,
                (None, None) => self.rest().await,
            };
            return Some(answer);
        }
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.find(b"\r\n").await?;
            let size = usize::from_str_radix(std::str::from_utf8(&self.unread[..end]).ok()?, 16).ok()?;
            self.unread.drain(..end + 2);
            let chunk = self.exactly(size + 2).await;
            if size == 0 {
                return Some(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.unread)
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length && self.more().await {}
        self.unread.drain(..length.min(self.unread.len())).collect()
    }

    async fn find(&mut self, what: &[u8]) -> Option<usize> {
        loop {
            if let Some(at) = self.unread.windows(what.len()).position(|window| window == what) {
                return Some(at);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn more(&mut self) -> bool {
        self.stream.read_buf(&mut self.unread).await.is_ok_and(|read| read > 0)
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ str| line.split_once(':').is_some_and(|(key, _)| key == name);
        let line = self.head.split("\r\n").find(|line| named(line))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The code of an error in OpenAI's shape, every part of which is checked.
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        error_code(&self.json())
    }
}

/// The code of `{"error": {"message", "type", "param", "code"}}`, every part of which is checked.
pub(crate) fn error_code(body: &Value) -> String {
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    let error = body["error"].as_object().unwrap_or_else(|| panic!("no error object: {body}"));
    let mut keys: Vec<_> = error.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code", "message", "param", "type"], "{body}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert!(error["param"].is_null() || error["param"].is_string(), "{body}");
    let kinds =
        ["invalid_request_error", "authentication_error", "not_found_error", "rate_limit_error", "server_error"];
    assert!(error["type"].as_str().is_some_and(|kind| kinds.contains(&kind)), "{body}");
    error["code"].as_str().expect("a code").to_owned()
}

/// A POST of `body` with its length and further header lines, each ended by CRLF.
pub(crate) fn post(path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: router\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Sends `request` on a connection of its own and reads its answer.
pub(crate) async fn ask(address: &str, request: impl AsRef<[u8]>) -> Answer {
    let mut wire = Wire::connect(address).await;
    wire.send(request).await;
    wire.answer().await.expect("an answer")
}
