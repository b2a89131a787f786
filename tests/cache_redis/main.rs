//! The cache's Redis, through the module's own door and against real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod access;
mod cluster;
mod instance;
mod outages;
#[path = "../support/redis.rs"]
mod redis;
mod sentinel;
mod sharing;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tls.rs"]
mod tls;
