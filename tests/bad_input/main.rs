//! Input that no good client sends: each gets its 4xx in OpenAI's shape or is left to the peer to judge; never a 5xx, never a
//! hang, and afterwards the router is as well as before.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod bodies;
mod framing;
mod fuzz;
mod heads;
mod slow;
#[path = "../support/mod.rs"]
mod support;

const CHAT: &str = "/v1/chat/completions";
const GOOD: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
