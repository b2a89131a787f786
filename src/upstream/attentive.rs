//! A connection on which an answer is heard while the request is still being sent.
//!
//! A peer may answer on the request's head and take no more of its body. Who only writes then would wait for as long as a
//! timeout lets it; here writing ends with an error as soon as the peer says something and takes nothing, and what it said is
//! read next.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::{Buf, BytesMut};
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Such a connection.
#[derive(Debug)]
pub(super) struct Attentive {
    stream: Stream,
    /// What was heard while writing, and not read yet.
    heard: BytesMut,
    /// Whether writing has ended for what was heard.
    has_ended: bool,
}

/// As much is heard while writing.
const HEARD: usize = 1024;

// === impl Attentive ===

impl Attentive {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, heard: BytesMut::new(), has_ended: false }
    }

    /// `written`, or an error where that must wait and the peer has something to say, or has gone.
    fn unless_heard<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        if !self.has_ended {
            let mut room = [0; HEARD];
            let mut room = ReadBuf::new(&mut room);
            if Pin::new(&mut self.stream).poll_read(cx, &mut room)?.is_pending() {
                return Poll::Pending;
            }
            self.heard.extend_from_slice(room.filled());
            self.has_ended = true;
        }
        Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
    }
}

impl AsyncRead for Attentive {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.heard.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, room);
        }
        let taken = self.heard.len().min(room.remaining());
        room.put_slice(&self.heard[..taken]);
        self.heard.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Attentive {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.unless_heard(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.unless_heard(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Attentive {
    async fn shutdown(&mut self) {
        self.stream.shutdown().await;
    }
}

impl UniqueID for Attentive {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl Ssl for Attentive {}

impl Peek for Attentive {}

impl GetTimingDigest for Attentive {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Attentive {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Attentive {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_the_peer_says_ends_writing_only_where_it_takes_nothing() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = Attentive::new(Box::new(ours));
        theirs.write_all(b"early").await.unwrap();
        ours.write_all(b"12345678").await.unwrap();
        assert_eq!(ours.write_all(b"9").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(ours.write_all(b"9").await.unwrap_err().kind(), ErrorKind::BrokenPipe, "it stays so");
        theirs.write_all(b"answer").await.unwrap();
        let mut said = [0; 11];
        ours.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"earlyanswer");
    }

    #[tokio::test]
    async fn a_peer_that_goes_ends_it_too() {
        let (ours, theirs) = duplex(8);
        let mut ours = Attentive::new(Box::new(ours));
        drop(theirs);
        assert!(ours.write_all(b"123456789").await.is_err());
    }
}
