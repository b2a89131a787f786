//! The wire dialect that clients and vLLM share: error bodies, model lists, embeddings and server-sent events.

pub mod embeddings;
pub mod error;
pub mod models;
pub mod sse;
