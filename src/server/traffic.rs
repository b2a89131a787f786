//! How many exchanges are under way, and whether new ones are still welcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus::IntGauge;
use tokio::sync::watch;

/// Counts exchanges by ownership.
pub struct Traffic {
    count: Arc<watch::Sender<usize>>,
    gauge: IntGauge,
    draining: AtomicBool,
}

/// One exchange under way; it counts until it is dropped.
pub struct InFlight {
    count: Arc<watch::Sender<usize>>,
    gauge: IntGauge,
}

// === impl Traffic ===

impl Traffic {
    /// No traffic yet. `gauge` shows it.
    pub fn new(gauge: IntGauge) -> Self {
        Self { count: Arc::new(watch::Sender::new(0)), gauge, draining: AtomicBool::new(false) }
    }

    /// Counts one exchange more.
    pub fn enter(&self) -> InFlight {
        self.count.send_modify(|count| *count += 1);
        self.gauge.inc();
        InFlight { count: self.count.clone(), gauge: self.gauge.clone() }
    }

    /// Exchanges under way.
    pub fn in_flight(&self) -> usize {
        *self.count.borrow()
    }

    /// From now on, `/health` turns balancers away.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to end.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Waits until no exchange is under way.
    pub async fn idle(&self) {
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }
}

// === impl InFlight ===

impl Drop for InFlight {
    fn drop(&mut self) {
        self.count.send_modify(|count| *count -= 1);
        self.gauge.dec();
    }
}
