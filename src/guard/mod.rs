//! What guardrails are made of: what there is to find, and how it is found and masked.

pub mod classifier;
pub mod finding;
pub mod jailbreak;
pub mod mask;
pub mod pii;

pub use finding::{Entity, Finding, Strength};
