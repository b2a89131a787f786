//! From a file that a person typed to a snapshot of what it means, and from one snapshot to the next.

pub mod file;
mod live;
pub mod load;
mod snapshot;
pub mod units;
mod watch;

pub use live::Live;
pub use snapshot::{Labels, Snapshot, Startup, route_settings};
pub use watch::watch;
