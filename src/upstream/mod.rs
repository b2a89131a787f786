//! The peers that serve a backend: found by name, kept healthy, counted by lease, picked by load.
//!
//! A [`Backend`] belongs to one snapshot of the config. What is learnt about its peers, their health and their load,
//! lives in the [`Directory`] by address, so that a reload forgets nothing.

mod backend;
mod directory;
mod discovery;
mod health;
mod keeper;
mod origin;
mod peer;
mod pick;
mod retry;

pub use backend::{Backend, HealthSettings, Settings, Timeouts, TlsSettings};
pub use directory::Directory;
pub use health::Health;
pub use keeper::{Keeper, warm_up};
pub use origin::{Origin, OriginError};
pub use peer::{Lease, Peer, PeerState};
pub use retry::{Attempts, Trouble};
