//! The wire dialect that clients and vLLM share: error bodies, model lists and server-sent events.

pub mod error;
pub mod models;
pub mod sse;
