//! The listening side: connections that close when idle, as uvicorn's do, and that can be made to misbehave.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Accepts connections.
pub(super) struct Door {
    listener: TcpListener,
    keep_alive: Duration,
}

/// One accepted connection.
pub(super) struct Line {
    stream: TcpStream,
    wire: Wire,
    keep_alive: Duration,
    /// Since when nothing has been under way; `None` while something is.
    idle_since: Option<Instant>,
    /// Made once a connection and reset only when it fires, so that a busy connection pays nothing for it.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the peer has yet to take what was written last.
    blocked: bool,
}

/// A handle on a connection, for those who answer on it.
#[derive(Clone)]
pub(super) struct Wire(Arc<Shared>);

/// A request under way on a connection; given back by dropping it.
pub(super) struct Occupied(Wire);

/// How a connection is made to end.
pub(super) enum Fate {
    /// It is closed (FIN).
    Close,
    /// It is reset (RST).
    Reset,
    /// These bytes are written as they are, and it is closed.
    Say(Bytes),
}

#[derive(Default)]
struct Shared {
    open: AtomicUsize,
    served: AtomicBool,
    doomed: AtomicBool,
    fate: Mutex<Option<Fate>>,
}

// === impl Door ===

impl Door {
    /// Closes connections that have been idle for `keep_alive` after an answer.
    pub(super) fn new(listener: TcpListener, keep_alive: Duration) -> Self {
        Self { listener, keep_alive }
    }
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // A chunk has to leave when it is written; a socket that refuses still works, only later.
                    let _ = stream.set_nodelay(true);
                    return (Line::new(stream, self.keep_alive), address);
                }
                // Out of descriptors, most likely: others have to close first.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

// === impl Line ===

impl Line {
    fn new(stream: TcpStream, keep_alive: Duration) -> Self {
        Self { stream, wire: Wire(Arc::default()), keep_alive, idle_since: None, timer: None, blocked: false }
    }

    /// Like uvicorn, a connection that has not asked anything yet may stay.
    fn is_idle(&self) -> bool {
        let shared = &self.wire.0;
        !self.blocked && shared.open.load(Ordering::Relaxed) == 0 && shared.served.load(Ordering::Relaxed)
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = *self.idle_since.get_or_insert_with(Instant::now) + self.keep_alive;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// Takes the place of a write on a connection that is made to end.
    fn poll_fate(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(Fate::Say(bytes)) = &mut *self.wire.0.fate.lock() {
            while !bytes.is_empty() {
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
                bytes.advance(written);
            }
        }
        Poll::Ready(Err(ErrorKind::ConnectionAborted.into()))
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let poll = Pin::new(&mut line.stream).poll_read(cx, buf);
        if poll.is_pending() && line.is_idle() {
            // Nothing read and yet ready is the end of the input, upon which the server closes.
            return line.poll_expired(cx).map(Ok);
        }
        line.idle_since = None;
        poll
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        if line.wire.0.doomed.load(Ordering::Acquire) {
            return line.poll_fate(cx);
        }
        let poll = Pin::new(&mut line.stream).poll_write_vectored(cx, bufs);
        line.blocked = poll.is_pending();
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        ready!(Pin::new(&mut line.stream).poll_flush(cx))?;
        // After an answer the server waits for input that it has asked for before: this is where idleness begins.
        if line.is_idle() && line.poll_expired(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if matches!(*self.wire.0.fate.lock(), Some(Fate::Reset)) {
            // With no time to linger, closing sends RST; should that fail, the client sees a plain close.
            let _ = self.stream.set_zero_linger();
        }
    }
}

// === impl Wire ===

impl Wire {
    /// Marks the connection as busy until the guard is dropped.
    pub(super) fn occupy(&self) -> Occupied {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.0.served.store(true, Ordering::Relaxed);
        Occupied(self.clone())
    }
}

impl Connected<IncomingStream<'_, Door>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().wire.clone()
    }
}

// === impl Occupied ===

impl Occupied {
    /// From now on nothing of an answer is written: the connection meets its fate at the next write, or when the
    /// answer's body fails.
    pub(super) fn doom(&self, fate: Fate) {
        *self.0.0.fate.lock() = Some(fate);
        self.0.0.doomed.store(true, Ordering::Release);
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
