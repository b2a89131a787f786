//! The guardrails, through the router and through `pointsman guard`: what a model gets to see, and what a client does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod answers;
mod cached;
mod command;
mod echo;
mod escapes;
mod failing;
mod jailbreak;
mod masking;
mod models;
mod passes;
mod places;
mod secrecy;

#[path = "../support/redis.rs"]
#[allow(dead_code, reason = "other suites need more of it")]
mod redis;
#[path = "../support/mod.rs"]
mod support;
