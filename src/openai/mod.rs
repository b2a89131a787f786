//! The wire dialect that clients and vLLM share: answers (read, and told again), error bodies, model lists, embeddings and server-sent events.

pub mod answer;
pub mod embeddings;
pub mod error;
pub mod json;
pub mod models;
pub mod replay;
pub mod sse;
pub mod usage;
