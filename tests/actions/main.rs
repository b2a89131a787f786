//! What a route does to its requests: on the wire, at the cache, and in the answer.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod body;
mod cached;
mod explain;
mod guardrails;
mod head;
mod mirror;
mod reasoning;
mod respond;
mod settings;
mod stand;
mod weighted;

#[path = "../support/mod.rs"]
mod support;
