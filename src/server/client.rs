//! A client's connection that comes up at a set time. Pingora bounds each read of a peer's answer by one and the same
//! timeout; but while it waits for the answer it also listens to the client, to notice one that leaves. Here that
//! listening ends with an error once the exchange's [`Alarm`] is due, whatever phase it was set for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use crate::proxy::Alarm;

/// A connection with its alarm.
#[derive(Debug)]
pub(super) struct Client {
    stream: Stream,
    alarm: Alarm,
    /// How [`Alarm`] reaches the exchange: Pingora carries it along as what a CONNECT proxy had to tell.
    digest: Option<Arc<ProxyDigest>>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Since when the client has taken nothing more.
    blocked: Option<Instant>,
}

// === impl Client ===

impl Client {
    pub(super) fn new(stream: Stream) -> Self {
        let alarm = Alarm::default();
        let nothing = ResponseHeader::build(200, Some(0)).ok();
        let carried: Box<dyn std::any::Any + Send + Sync> = Box::new(alarm.clone());
        let digest = nothing.map(|head| Arc::new(ProxyDigest::new(Box::new(head), Some(carried))));
        Self { stream, alarm, digest, sleep: None, blocked: None }
    }

    /// Takes note of a write. While the client takes nothing, the peer is not listened to, and cannot be late.
    fn note<T>(&mut self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() {
            self.blocked.get_or_insert_with(Instant::now);
        } else if let Some(blocked) = self.blocked.take() {
            self.alarm.put_off(blocked.elapsed());
        }
        written
    }

    /// Ready once the alarm is due; wakes the task then.
    fn poll_alarm(&mut self, cx: &mut Context) -> Poll<()> {
        loop {
            let Some(due) = self.alarm.due() else { return Poll::Pending };
            if due <= Instant::now() {
                self.alarm.fire();
                return Poll::Ready(());
            }
            let due = due.into();
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
            // One that ends too early is set anew then; most alarms are put off again and again, and never due.
            if sleep.deadline() > due || sleep.is_elapsed() {
                sleep.as_mut().reset(due);
            }
            ready!(sleep.as_mut().poll(cx));
        }
    }
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            return Poll::Ready(read);
        }
        ready!(self.poll_alarm(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        slices: &[io::IoSlice],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[async_trait]
impl Shutdown for Client {
    async fn shutdown(&mut self) {
        self.stream.shutdown().await;
    }
}

impl UniqueID for Client {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl Ssl for Client {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }
}

#[async_trait]
impl Peek for Client {
    async fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        self.stream.try_peek(buffer).await
    }
}

impl GetTimingDigest for Client {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Client {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.digest.clone()
    }
}

impl GetSocketDigest for Client {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}
