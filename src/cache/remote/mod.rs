//! What the caches outside the process have in common: the way to them may be slow, full or gone, and no request waits
//! for it longer than it was told to.
//!
//! - `queue`: what waits to be written
//! - `backoff`: how long to leave alone what fails
//! - `breaker`: leaves it alone
//! - `health`: whether it works, and the log's word on it

mod backoff;
mod breaker;
mod health;
mod queue;

pub(super) use backoff::Backoff;
pub(super) use breaker::Breaker;
pub use health::{Fault, State};
pub(super) use health::{Health, Part};
pub(super) use queue::Queue;

use super::{Change, Epochs};

/// The memory that learns what others write.
pub trait Apply: Send + Sync + 'static {
    /// Takes over a change. Entries may come again; those that were flushed do not come.
    fn apply(&self, change: Change);

    /// What is known here of flushes.
    fn epochs(&self) -> Epochs;
}
