//! Rules of routes, for real: which signals decide what, what is never embedded, and how a decision is explained.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod around;
mod config;
mod deciding;
mod explain;
mod guarded;
mod offline;
mod reload;
mod signals;
mod stand;
mod warned;

#[path = "../support/mod.rs"]
mod support;
