//! The first stage: who asks, what was asked, and whether it can be read at all.

pub mod auth;
pub mod body;
pub mod contents;
pub mod controls;
pub mod conversation;
pub mod draft;
pub(crate) mod edit;
pub mod embeddings;
pub mod endpoint;
pub mod json;
pub mod pieces;
pub mod priority;
pub mod prompt;
pub mod thread;

use std::time::Duration;

pub use auth::{Client, Keys};
pub use contents::Contents;
pub use controls::CacheControls;
pub use conversation::named_conversation;
pub use draft::Draft;
pub use embeddings::Texts;
pub use endpoint::Endpoint;
pub use pieces::{Pieces, Role};
pub use priority::{PRIORITIES, named_priority};
pub use prompt::Prompt;
pub(crate) use prompt::content_text;
pub use thread::{Thread, Turns};

/// Bounds on what a client may send.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body_size: usize,
    /// How long a whole request body may take to arrive.
    pub body_timeout: Duration,
    /// Requests served at once.
    pub max_in_flight: usize,
}
