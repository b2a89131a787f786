//! From a file that a person typed to a snapshot of what it means.
//!
//! [`load`] reads it: text → YAML ([`yaml`]) → environment filled in ([`environment`]) → known keys ([`schema`]) →
//! [`file::File`] (`sections`) → rules ([`validate`]) and the world outside ([`presence`]). Whatever is wrong becomes a
//! [`problem::Problem`] with the line that [`marks`] knows.

pub mod address;
pub mod environment;
pub mod file;
pub mod load;
pub mod marks;
pub mod presence;
pub mod problem;
pub mod schema;
mod sections;
pub mod units;
pub mod validate;
pub mod yaml;
