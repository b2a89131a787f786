//! From a file that a person typed to a snapshot of what it means.

pub mod file;
pub mod units;
