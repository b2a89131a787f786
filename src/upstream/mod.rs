//! The peers that serve a backend: found by name, kept healthy, counted by lease, picked by load.
//!
//! A [`Backend`] belongs to one snapshot of the config. What is learnt about its peers, their health and their load,
//! lives in the [`Directory`] by address, so that a reload forgets nothing.
//!
//! - who there is: `origin`, `discovery`, `directory`; kept up to date by `keeper`, `health`, `scrape`
//! - who serves: `choice` takes a lease (`peer`) on one of those that may (`standing`), by `load` and `pick`, after a wait
//!   in the queue (`admission`) where the `pool` is full
//! - what came of it: `outcome`, `judge` and the `breaker`; `retry` and the `budget` say whether another is tried
//! - what nobody reads: `ask` has a peer answer a copy

mod admission;
mod ask;
mod attentive;
mod backend;
mod breaker;
mod budget;
mod choice;
mod directory;
mod discovery;
mod health;
mod judge;
mod keeper;
mod load;
mod origin;
mod outcome;
mod peer;
mod pick;
mod pool;
mod retry;
mod scrape;
mod settings;
#[cfg(test)]
mod simulation;
mod standing;
mod window;

pub use admission::{Rank, Refused};
pub use ask::ask;
pub use backend::Backend;
pub use breaker::BreakerSettings;
pub use choice::{Demand, NoLease};
pub use directory::Directory;
pub use health::Health;
pub use keeper::{Keeper, warm_up};
pub use load::Scrape;
pub use origin::{Origin, OriginError};
pub use outcome::{Fault, Outcome};
pub use peer::{Lease, Peer, PeerState};
pub use pool::Slot;
pub use retry::{Attempts, RetryOn, Trouble};
pub use settings::{Balance, HealthSettings, Limits, RetrySettings, ScrapeSettings, Settings, Timeouts, TlsSettings};
pub use standing::PeerStatus;
