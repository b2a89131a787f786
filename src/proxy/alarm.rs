//! The time at which an exchange's wait for its peer ends, whatever it waits for.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pingora_proxy::Session;

/// A time that is set by the exchange, and watched where Pingora listens to its client.
#[derive(Debug, Clone, Default)]
pub struct Alarm(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// In µs since [`EPOCH`]; 0 while none is set.
    due: AtomicU64,
    fired: AtomicBool,
}

/// What alarms count from.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

// === impl Alarm ===

impl Alarm {
    /// That of the connection that `session` came on; none on HTTP/2, where nobody would watch it.
    pub(super) fn of(session: &Session) -> Option<Self> {
        let digest = session.digest()?.proxy_digest.as_ref()?;
        let alarm = digest.user_data.as_ref()?.downcast_ref::<Self>()?;
        alarm.clear();
        Some(alarm.clone())
    }

    /// Sets it, whatever it was set to before.
    pub(super) fn set(&self, due: Instant) {
        let since = due.saturating_duration_since(*EPOCH).as_micros();
        self.0.due.store(u64::try_from(since).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    /// From here on nothing is waited for.
    pub(super) fn clear(&self) {
        self.0.due.store(0, Ordering::Relaxed);
        self.0.fired.store(false, Ordering::Relaxed);
    }

    /// Whether it went off since it was last cleared.
    pub(super) fn has_fired(&self) -> bool {
        self.0.fired.load(Ordering::Relaxed)
    }

    /// When it is due, if it is set.
    pub fn due(&self) -> Option<Instant> {
        let due = self.0.due.load(Ordering::Relaxed);
        (due > 0).then(|| *EPOCH + Duration::from_micros(due))
    }

    /// Sets it later by `span`, if it is set.
    pub fn put_off(&self, span: Duration) {
        if let Some(due) = self.due() {
            self.set(due + span);
        }
    }

    /// It goes off, once.
    pub fn fire(&self) {
        self.0.due.store(0, Ordering::Relaxed);
        self.0.fired.store(true, Ordering::Relaxed);
    }
}
