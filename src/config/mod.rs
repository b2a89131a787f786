//! From a file that a person typed to a snapshot of what it means, and from one snapshot to the next.
//!
//! [`load`] reads it: text → YAML ([`yaml`]) → environment filled in ([`environment`]) → known keys ([`schema`]) →
//! [`file::File`] (`sections`) → rules ([`validate`]) and the world outside ([`presence`]). Whatever is wrong becomes a
//! [`problem::Problem`] with the line that [`marks`] knows. [`Snapshot`] is what the file means; [`Live`] holds the one
//! in force, and [`watch()`] replaces it when the file changes.

mod actions;
pub mod address;
mod backends;
mod caching;
mod defaults;
mod encoders;
pub mod environment;
pub mod file;
pub mod guarding;
mod live;
pub mod load;
pub mod marks;
mod networks;
mod patient;
mod peers_file;
pub mod presence;
pub mod problem;
mod routing;
pub mod schema;
mod sections;
mod signals;
mod snapshot;
mod spending;
pub mod units;
pub mod validate;
mod watch;
pub mod yaml;

pub use actions::family;
pub use encoders::{load_guard_model, load_model};
pub use live::Live;
pub use networks::networks;
pub use patient::{PATIENCE, Patient};
pub use routing::{contrast, notes, policies, route_settings, rules, table};
pub use snapshot::{Labels, Snapshot, Startup};
pub use watch::watch;
