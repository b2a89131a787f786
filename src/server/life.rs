//! The process's beginning and end, as systemd and balancers see them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::background::BackgroundService;
use sd_notify::NotifyState;
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use super::log::LogHandle;
use crate::config::Live;
use crate::proxy::Traffic;

/// The last bytes of an h2 answer leave in a task of their own, just after its exchange has ended.
const LAST_BYTES: Duration = Duration::from_millis(50);

/// Says when the process is ready, and ends it once it has been told to stop and the last exchange is over.
///
/// Pingora would sleep through the whole grace period, however early the last answer is done, and deaf to SIGINT.
pub(super) struct Life {
    pub(super) live: Arc<Live>,
    pub(super) listen: String,
    /// How long running answers may take to finish.
    pub(super) grace: Duration,
    pub(super) traffic: Arc<Traffic>,
    pub(super) log: Arc<LogHandle>,
}

/// SIGTERM and SIGQUIT let running answers finish; SIGINT does not.
pub(super) struct Signals {
    pub(super) traffic: Arc<Traffic>,
    /// From the signal until new connections are refused.
    pub(super) delay: Duration,
}

// === impl Life ===

#[async_trait]
impl BackgroundService for Life {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let mut interrupt = watch(SignalKind::interrupt());
        tokio::select! {
            () = accepting(&self.listen) => {
                info!("Listening on http://{}", self.listen);
                notify(&[NotifyState::Ready]);
            }
            () = self.traffic.draining() => {}
        }
        self.traffic.draining().await;
        notify(&[NotifyState::Stopping]);
        let _ = shutdown.wait_for(|stop| *stop).await;
        tokio::select! {
            () = self.traffic.idle() => {
                tokio::time::sleep(LAST_BYTES).await;
                info!("Every answer is done");
            }
            () = tokio::time::sleep(self.grace) => self.cut_off("The grace is over"),
            () = received(&mut interrupt) => self.cut_off("Interrupted"),
        }
        if let Some(caching) = &self.live.snapshot().caching {
            caching.save();
        }
        self.log.flush();
        std::process::exit(0);
    }
}

impl Life {
    fn cut_off(&self, why: &str) {
        warn!("{why}: {} running requests are cut off", self.traffic.in_flight());
    }
}

// === impl Signals ===

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        let (mut terminate, mut quit) = (watch(SignalKind::terminate()), watch(SignalKind::quit()));
        let mut interrupt = watch(SignalKind::interrupt());
        tokio::select! {
            () = received(&mut terminate) => {}
            () = received(&mut quit) => {}
            () = received(&mut interrupt) => return ShutdownSignal::FastShutdown,
        }
        self.traffic.drain();
        tokio::select! {
            () = tokio::time::sleep(self.delay) => ShutdownSignal::GracefulTerminate,
            () = received(&mut interrupt) => ShutdownSignal::FastShutdown,
        }
    }
}

fn watch(kind: SignalKind) -> Option<Signal> {
    signal(kind).inspect_err(|error| error!("cannot watch a signal: {error}")).ok()
}

/// Waits for a signal; for ever, where it cannot be watched.
async fn received(signal: &mut Option<Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

/// Waits until a connection to our own listener comes about.
async fn accepting(listen: &str) {
    let own = listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    while TcpStream::connect(&own).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn notify(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        error!("cannot notify systemd: {error}");
    }
}
