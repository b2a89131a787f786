//! The cache's Milvus, through the module's own door and against a real server. Where that is not installed, each test
//! says that it is skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod finding;
mod instance;
mod outages;
mod server;
#[path = "../support/mod.rs"]
mod support;
