//! A prompt's size, and a prefix cache over its blocks.
//!
//! No tokenizer is loaded: a token is taken to be [`BYTES_PER_TOKEN`] bytes of UTF-8, rounded up, and a chat message costs
//! [`MESSAGE_TOKENS`] more, as chat templates have it. As in vLLM, a block is 16 tokens and its hash covers all before it.

use std::collections::{HashSet, VecDeque};

use super::hash::{FNV_EMPTY, fnv1a};

/// English text in common vocabularies has about 4 bytes a token.
pub(super) const BYTES_PER_TOKEN: usize = 4;
/// What a chat template adds around each message.
pub(super) const MESSAGE_TOKENS: usize = 4;
/// Tokens in a block.
pub(super) const BLOCK_TOKENS: usize = 16;

const BLOCK_BYTES: usize = BLOCK_TOKENS * BYTES_PER_TOKEN;

/// A prompt, as far as its cost goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prompt {
    /// Estimated tokens.
    pub(super) tokens: usize,
    bytes: usize,
    hash: u64,
    /// The chained hashes of its whole blocks.
    blocks: Vec<u64>,
}

/// The blocks that are held, oldest first.
pub(super) struct Prefix {
    capacity: usize,
    held: HashSet<u64>,
    order: VecDeque<u64>,
}

// === impl Prompt ===

impl Prompt {
    pub(super) fn new() -> Self {
        Self { tokens: 0, bytes: 0, hash: FNV_EMPTY, blocks: Vec::new() }
    }

    /// Adds a chat message.
    pub(super) fn message(&mut self, role: &str, text: &str) {
        self.tokens += MESSAGE_TOKENS;
        self.absorb(role.as_bytes());
        self.text(text);
    }

    /// Adds text.
    pub(super) fn text(&mut self, text: &str) {
        self.tokens += text.len().div_ceil(BYTES_PER_TOKEN);
        self.absorb(text.as_bytes());
    }

    /// Adds token ids.
    pub(super) fn ids(&mut self, ids: &[u32]) {
        self.tokens += ids.len();
        ids.iter().for_each(|id| self.absorb(&id.to_le_bytes()));
    }

    fn absorb(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.bytes % BLOCK_BYTES));
            self.hash = fnv1a(self.hash, head);
            self.bytes += head.len();
            if self.bytes.is_multiple_of(BLOCK_BYTES) {
                self.blocks.push(self.hash);
            }
            bytes = rest;
        }
    }
}

// === impl Prefix ===

impl Prefix {
    /// Holds up to `capacity` blocks; 0 caches nothing.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, held: HashSet::new(), order: VecDeque::new() }
    }

    /// How many of the prompt's first tokens were held; from now on all of its whole blocks are.
    pub(super) fn admit(&mut self, prompt: &Prompt) -> usize {
        let known = prompt.blocks.iter().take_while(|block| self.held.contains(block)).count();
        for block in &prompt.blocks[known..] {
            self.hold(*block);
        }
        (known * BLOCK_TOKENS).min(prompt.tokens)
    }

    fn hold(&mut self, block: u64) {
        if self.capacity == 0 || !self.held.insert(block) {
            return;
        }
        self.order.push_back(block);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(texts: &[&str]) -> Prompt {
        let mut prompt = Prompt::new();
        texts.iter().for_each(|text| prompt.message("user", text));
        prompt
    }

    #[test]
    fn tokens_are_estimated_as_documented() {
        assert_eq!(prompt(&["12345"]).tokens, 4 + 2);
        let mut ids = Prompt::new();
        ids.ids(&[1, 2, 3]);
        assert_eq!(ids.tokens, 3);
    }

    #[test]
    fn a_conversation_finds_its_beginning_again() {
        let (long, next) = ("a".repeat(200), "b".repeat(200));
        let mut prefix = Prefix::new(100);
        assert_eq!(prefix.admit(&prompt(&[&long])), 0);
        assert_eq!(prefix.admit(&prompt(&[&long, &next])), 3 * BLOCK_TOKENS);
        assert_eq!(prefix.admit(&prompt(&[&next, &long])), 0);
    }

    #[test]
    fn the_oldest_blocks_make_room() {
        let mut prefix = Prefix::new(3);
        let (first, second) = (prompt(&[&"a".repeat(200)]), prompt(&[&"b".repeat(200)]));
        prefix.admit(&first);
        prefix.admit(&second);
        assert_eq!(prefix.admit(&second), 3 * BLOCK_TOKENS);
        assert_eq!(prefix.admit(&first), 0);
    }
}
