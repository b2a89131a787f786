//! A connection on which an answer is heard while the request is still being sent.
//!
//! A peer may refuse a request by its head and take no more of its body. Who only writes then would wait for as long as a
//! timeout lets it; here writing ends with an error as soon as the peer takes nothing and has refused, or has gone, and what
//! it said is read next. Whatever else it says while it takes nothing, it may take more later.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::{Buf, BytesMut};
use memchr::memmem;
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
    /// What was heard while writing, and not read yet; interim answers are left out once they are whole.
    heard: BytesMut,
    writing: Writing,
}

/// What is made of what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// Nothing yet: more is to be heard.
    Listens,
    /// The peer may take all of the request, and nothing more is heard before that is written.
    GoesOn,
    /// It takes no more.
    Ends,
}

/// As much is heard while writing; an interim answer's head may name what to preload.
const HEARD: usize = 4096;

/// What an answer begins with; the minor version, a space and its status follow.
const BEGINNING: &[u8] = b"HTTP/1.";

/// What an answer's head ends with.
const END: &[u8] = b"\r\n\r\n";

// === impl Attentive ===

impl Attentive {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, heard: BytesMut::new(), writing: Writing::Listens }
    }

    /// `written`, or an error where that must wait and the peer has refused, or has gone.
    fn unless_refused<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        while self.writing == Writing::Listens {
            let mut room = [0; HEARD];
            let mut room = ReadBuf::new(&mut room[self.heard.len()..]);
            if Pin::new(&mut self.stream).poll_read(cx, &mut room)?.is_pending() {
                return Poll::Pending;
            }
            let has_gone = room.filled().is_empty();
            self.heard.extend_from_slice(room.filled());
            self.writing = if has_gone { Writing::Ends } else { understood(&mut self.heard) };
        }
        match self.writing {
            Writing::Ends => Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
            Writing::GoesOn | Writing::Listens => Poll::Pending,
        }
    }
}

/// What the beginning of an answer means for the request. Interim answers are taken off it.
fn understood(heard: &mut BytesMut) -> Writing {
    loop {
        let is_answer = heard.iter().zip(BEGINNING).all(|(said, expected)| said == expected);
        match heard.get(BEGINNING.len() + 2) {
            _ if !is_answer => return Writing::GoesOn,
            Some(b'1') => match memmem::find(heard, END) {
                Some(end) => heard.advance(end + END.len()),
                None => break,
            },
            Some(b'3'..=b'9') => return Writing::Ends,
            Some(_) => return Writing::GoesOn,
            None => break,
        }
    }
    if heard.len() < HEARD { Writing::Listens } else { Writing::GoesOn }
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
        self.unless_refused(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.unless_refused(cx, flushed)
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
    use futures::poll;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    const REFUSAL: &str = "HTTP/1.1 413 Too Large\r\n";

    /// More than is heard.
    const PIPE: usize = 2 * HEARD;

    /// A connection on which nothing more can be written before the peer reads.
    async fn full() -> (Attentive, DuplexStream) {
        let (ours, theirs) = duplex(PIPE);
        let mut ours = Attentive::new(Box::new(ours));
        ours.write_all(&[b'x'; PIPE]).await.unwrap();
        (ours, theirs)
    }

    /// All that can be read once the peer is gone.
    async fn left_to_read(mut ours: Attentive, theirs: DuplexStream) -> String {
        drop(theirs);
        let mut said = String::new();
        ours.read_to_string(&mut said).await.unwrap();
        said
    }

    #[tokio::test]
    async fn a_refusal_ends_writing_where_the_peer_takes_nothing() {
        let cases: &[(&[&str], &str)] = &[
            (&[REFUSAL], REFUSAL),
            (&["HTTP/1.1 302"], "HTTP/1.1 302"),
            (&["HTTP/1.0 599 Oh"], "HTTP/1.0 599 Oh"),
            (&["HT", "TP/1.1", " ", "429"], "HTTP/1.1 429"),
            (&[CONTINUE, REFUSAL], REFUSAL),
            (&["HTTP/1.1 103 \r\na: 413\r\n", "\r", "\nHTTP/1.1 1", "00 \r\n\r\nHTTP/1.1 503"], "HTTP/1.1 503"),
        ];
        for (said, left) in cases {
            let (mut ours, mut theirs) = full().await;
            let (last, before) = said.split_last().unwrap();
            let mut writing = Box::pin(ours.write_all(b"9"));
            for piece in before {
                theirs.write_all(piece.as_bytes()).await.unwrap();
                assert!(poll!(&mut writing).is_pending(), "{said:?} at {piece}");
            }
            theirs.write_all(last.as_bytes()).await.unwrap();
            assert_eq!(writing.await.unwrap_err().kind(), ErrorKind::BrokenPipe, "{said:?}");
            assert_eq!(ours.write_all(b"9").await.unwrap_err().kind(), ErrorKind::BrokenPipe, "it stays so");
            theirs.write_all(b"+").await.unwrap();
            assert_eq!(left_to_read(ours, theirs).await, format!("{left}+"));
        }
    }

    #[tokio::test]
    async fn all_else_that_a_peer_says_leaves_it_the_rest_of_the_request() {
        let hints = format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(HEARD));
        let both = format!("{HINTS}{CONTINUE}");
        let cases: &[(&[&str], &str)] = &[
            (&[], ""),
            (&[HINTS, CONTINUE, HINTS], ""),
            (&[&both], ""),
            (&[HINTS, "HTTP/1.1 1"], "HTTP/1.1 1"),
            (&["HTTP/1.1 20", "0 OK\r\n\r\nbody", REFUSAL], "HTTP/1.1 200 OK\r\n\r\nbodyHTTP/1.1 413 Too Large\r\n"),
            (&["SSH-2.0-413", REFUSAL], "SSH-2.0-413HTTP/1.1 413 Too Large\r\n"),
            // What is too long to be understood is not waited for either.
            (&[&hints, REFUSAL], &format!("{hints}{REFUSAL}")),
        ];
        for (said, left) in cases {
            let (mut ours, mut theirs) = full().await;
            let mut writing = Box::pin(ours.write_all(b"9"));
            for piece in *said {
                theirs.write_all(piece.as_bytes()).await.unwrap();
                assert!(poll!(&mut writing).is_pending(), "{said:?} at {piece}");
            }
            let mut taken = [0; PIPE + 1];
            theirs.read_exact(&mut taken[..PIPE]).await.unwrap();
            writing.await.unwrap();
            theirs.read_exact(&mut taken[PIPE..]).await.unwrap();
            assert_eq!(taken[PIPE], b'9');
            assert_eq!(left_to_read(ours, theirs).await, *left, "{said:?}");
        }
    }

    #[tokio::test]
    async fn a_peer_that_says_no_more_ends_writing_unless_it_has_accepted() {
        // It closes its half alone, so that nothing else can end the writing.
        for (said, is_ended) in [("", true), (CONTINUE, true), ("HTTP/1.1 ", true), ("HTTP/1.1 200 OK\r\n", false)] {
            let (mut ours, mut theirs) = full().await;
            theirs.write_all(said.as_bytes()).await.unwrap();
            let mut writing = Box::pin(ours.write_all(b"9"));
            assert!(poll!(&mut writing).is_pending(), "{said}");
            AsyncWriteExt::shutdown(&mut theirs).await.unwrap();
            match poll!(&mut writing) {
                Poll::Ready(written) => assert!(is_ended && written.is_err(), "{said}: {written:?}"),
                Poll::Pending => assert!(!is_ended, "{said}"),
            }
        }
    }

    #[tokio::test]
    async fn what_is_taken_is_written_whatever_was_said() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = Attentive::new(Box::new(ours));
        theirs.write_all(b"HTTP/1.1").await.unwrap();
        ours.write_all(b"12345678").await.unwrap();
        assert_eq!(left_to_read(ours, theirs).await, "HTTP/1.1");
    }
}
