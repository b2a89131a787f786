//! The process's beginning and end, as systemd and balancers see them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::background::BackgroundService;
use sd_notify::NotifyState;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use super::log::LogHandle;
use super::traffic::Traffic;

/// The last bytes of an h2 answer leave in a task of their own, just after its exchange has ended.
const LAST_BYTES: Duration = Duration::from_millis(50);

/// Says when the process is ready, and ends it once it has been told to stop and the last exchange is over.
pub(super) struct Life {
    pub(super) listen: String,
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
        tokio::select! {
            () = accepting(&self.listen) => {
                info!("Listening on http://{}", self.listen);
                notify(&[NotifyState::Ready]);
            }
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
        let _ = shutdown.wait_for(|stop| *stop).await;
        notify(&[NotifyState::Stopping]);
        self.traffic.idle().await;
        tokio::time::sleep(LAST_BYTES).await;
        // Pingora would sleep through the whole grace period, however early the last answer is done.
        info!("Every answer is done");
        self.log.flush();
        std::process::exit(0);
    }
}

// === impl Signals ===

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        let watch = |kind| signal(kind).inspect_err(|error| error!("cannot watch a signal: {error}"));
        let (Ok(mut terminate), Ok(mut quit), Ok(mut interrupt)) =
            (watch(SignalKind::terminate()), watch(SignalKind::quit()), watch(SignalKind::interrupt()))
        else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = quit.recv() => {}
            _ = interrupt.recv() => return ShutdownSignal::FastShutdown,
        }
        self.traffic.drain();
        tokio::select! {
            () = tokio::time::sleep(self.delay) => ShutdownSignal::GracefulTerminate,
            _ = interrupt.recv() => ShutdownSignal::FastShutdown,
        }
    }
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
