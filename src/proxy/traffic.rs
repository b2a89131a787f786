//! How many exchanges are under way, and whether new ones are still welcome.

use std::pin::pin;
use std::sync::Arc;

use prometheus::IntGauge;
use tokio::sync::{Notify, watch};

/// Counts exchanges by ownership.
pub struct Traffic {
    under_way: IntGauge,
    ended: Notify,
    draining: watch::Sender<bool>,
}

/// One exchange under way; it counts until it is dropped.
pub struct InFlight(Arc<Traffic>);

// === impl Traffic ===

impl Traffic {
    /// No traffic yet. The gauge is the count.
    pub fn new(under_way: IntGauge) -> Self {
        Self { under_way, ended: Notify::new(), draining: watch::Sender::new(false) }
    }

    /// Counts one exchange more.
    pub fn enter(self: &Arc<Self>) -> InFlight {
        self.under_way.inc();
        InFlight(self.clone())
    }

    /// Exchanges under way.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.under_way.get()).unwrap_or(0)
    }

    /// From now on, `/health` turns balancers away.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Whether the process is about to end.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until the process is told to end.
    pub async fn draining(&self) {
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// Waits until no exchange is under way.
    pub async fn idle(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            // Listening before looking: an exchange may end in between.
            ended.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            ended.await;
        }
    }
}

// === impl InFlight ===

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.under_way.dec();
        if self.0.under_way.get() == 0 {
            self.0.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn idle_comes_with_the_last_exchanges_end() {
        let gauge = IntGauge::new("exchanges", "under way").unwrap();
        let traffic = Arc::new(Traffic::new(gauge));
        traffic.idle().await;
        let (first, second) = (traffic.enter(), traffic.enter());
        let idle = tokio::spawn({
            let traffic = traffic.clone();
            async move { traffic.idle().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!idle.is_finished());
        drop(second);
        idle.await.unwrap();
    }
}
