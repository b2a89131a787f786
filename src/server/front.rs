//! The first bytes of a client's connection, read before Pingora does: it would wait for 24 of them without end to tell
//! HTTP/2 apart, and answer a flood of header fields with a bare 400.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use pingora_proxy::HttpProxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tracing::info;
use uuid::Uuid;

use super::client::Client;
use crate::failure::{Failure, Reason};
use crate::metrics::Metrics;
use crate::openai;
use crate::proxy::Proxy;

/// How long a connection's first head may take, and a kept connection may be idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// Heads beyond these are not parsed at all. Pingora gives up at 256 fields.
const MAX_BYTES: usize = 64 << 10;
const MAX_LINES: usize = 250;

/// What is still read behind a flood, so that the client gets to read the answer.
const DRAIN: Duration = Duration::from_secs(2);

/// How an HTTP/2 connection begins (RFC 9113, 3.4). After three bytes, no HTTP/1 method is meant.
const H2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The proxy behind its front.
pub(super) struct Front {
    pub(super) proxy: Arc<HttpProxy<Proxy>>,
    pub(super) metrics: Arc<Metrics>,
}

/// What came first on a connection.
enum Opening {
    /// HTTP/2's preface, left unread.
    H2,
    /// An HTTP/1 head, and what came with it.
    H1(BytesMut),
    /// A head beyond the bounds.
    Flood,
    /// Nothing, or the client left in the middle.
    Nothing,
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(self: &Arc<Self>, mut stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        match timeout(PATIENCE, opening(&mut stream)).await {
            Ok(Ok(Opening::H2)) => return self.proxy.process_new(stream, shutdown).await,
            Ok(Ok(Opening::H1(head))) => self.serve(stream, head, shutdown).await,
            Ok(Ok(Opening::Flood)) => self.refuse(stream).await,
            Ok(Ok(Opening::Nothing) | Err(_)) | Err(_) => {}
        }
        None
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}

// === impl Front ===

impl Front {
    /// Serves HTTP/1 for as long as the connection is kept.
    async fn serve(&self, stream: Stream, head: BytesMut, shutdown: &ShutdownWatch) {
        let mut session = ServerSession::new_http1(Box::new(Client::new(stream)));
        session.set_keepalive(Some(PATIENCE.as_secs()));
        session.set_pipelined_prefix(head);
        let mut served = self.proxy.process_new_http(session, shutdown).await;
        while let Some((stream, settings)) = served.map(|reusable| reusable.consume()) {
            let mut session = ServerSession::new_http1(stream);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
            served = self.proxy.process_new_http(session, shutdown).await;
        }
    }

    async fn refuse(&self, mut stream: Stream) {
        let message = format!("more than {MAX_LINES} header fields or {MAX_BYTES} bytes of them");
        let failure = Failure::new(Reason::HeadersTooLarge, message);
        let (reason, id, body) = (failure.reason.as_str(), Uuid::new_v4(), openai::error::body(&failure));
        self.metrics.failures.with_label_values(&[reason]).inc();
        info!(request_id = %id, status = failure.reason.status(), "Refused | {reason}");
        let head = format!(
            "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             x-request-id: {id}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let answer = async {
            stream.write_all(&[head.as_bytes(), &body].concat()).await?;
            stream.flush().await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        };
        let _ = timeout(DRAIN, answer).await;
        let _ = timeout(DRAIN, stream.shutdown()).await;
    }
}

async fn opening(stream: &mut Stream) -> std::io::Result<Opening> {
    if speaks_h2(stream).await? {
        return Ok(Opening::H2);
    }
    let mut head = BytesMut::with_capacity(4 << 10);
    loop {
        let seen = head.len();
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(if head.is_empty() { Opening::Nothing } else { Opening::H1(head) });
        }
        // A blank line may lie across two reads.
        if ends(&head[seen.saturating_sub(3)..]) {
            return Ok(if floods(&head) { Opening::Flood } else { Opening::H1(head) });
        }
        if floods(&head) {
            return Ok(Opening::Flood);
        }
    }
}

/// Peeks no further than it takes to tell.
async fn speaks_h2(stream: &mut Stream) -> std::io::Result<bool> {
    let mut first = [0; H2.len()];
    for length in [1, 2, 3, H2.len()] {
        let peeked = stream.try_peek(&mut first[..length]).await?;
        if !peeked || first[..length] != H2[..length] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a head ends somewhere in `bytes`.
fn ends(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|bytes| bytes == b"\r\n\r\n") || bytes.windows(2).any(|bytes| bytes == b"\n\n")
}

/// Whether the head at the beginning of `bytes` is beyond the bounds. What follows it does not count.
fn floods(bytes: &[u8]) -> bool {
    let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(bytes.len());
    let lines = bytes[..end].iter().filter(|byte| **byte == b'\n').count();
    end > MAX_BYTES || lines > MAX_LINES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_head_counts_as_a_flood() {
        let head = |fields: usize| format!("POST / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(fields));
        assert!(!floods(head(200).as_bytes()));
        assert!(floods(head(300).as_bytes()));
        assert!(!floods((head(3) + &"\n".repeat(999)).as_bytes()));
        assert!(floods(&vec![b'a'; MAX_BYTES + 1]));
    }

    #[test]
    fn a_head_ends_with_a_blank_line() {
        assert!(ends(b"GET / HTTP/1.1\r\n\r\n") && ends(b"GET /\n\n"));
        assert!(!ends(b"GET / HTTP/1.1\r\na: b\r\n"));
    }
}
