//! What tells conversations apart, so that each can stay where its beginning is cached.

use std::hash::{DefaultHasher, Hasher};

use serde_json::value::RawValue;

/// Of each message at its beginning, so many bytes count.
const PART: usize = 4096;

/// A hash of what all turns of a conversation begin with: the messages up to the first user's, or a completion's prompt.
/// It is the same in every process of this version.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    hasher: DefaultHasher,
    is_over: bool,
}

/// The same for a conversation that the client names.
pub fn named_conversation(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    hasher.finish()
}

// === impl Beginning ===

impl Beginning {
    /// Takes in the next message, which may be the last that counts.
    pub(super) fn take(&mut self, message: &RawValue, is_last: bool) {
        if !self.is_over {
            let bytes = message.get().as_bytes();
            self.hasher.write(&bytes[..bytes.len().min(PART)]);
        }
        self.is_over |= is_last;
    }

    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }
}
