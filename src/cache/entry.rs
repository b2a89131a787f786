//! A stored answer and the question that it was given to.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use half::f16;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Epoch, Scope};

/// A stored answer. The same question in the same scope has the same id, so that a later answer takes its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The scope and the text, hashed.
    pub id: EntryId,
    /// The scope and the normalised text, hashed.
    pub normal: EntryId,
    /// What it may be served in.
    pub scope: Scope,
    /// The question's text.
    pub text: Box<str>,
    /// The text's meaning, of length one; none where only the same text is to hit.
    pub embedding: Option<Box<[f16]>>,
    /// The answer as JSON in OpenAI's shape, without `id` and `created`.
    pub answer: Box<str>,
    /// The route that was taken.
    pub route: Box<str>,
    /// The backend that answered.
    pub backend: Box<str>,
    /// What was flushed when it was asked for.
    pub epoch: Epoch,
    /// When it was stored.
    pub stored_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
}

/// Names an entry: 128 bits of a SHA-256. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId([u8; 16]);

/// A moment in milliseconds since 1970, the same to every instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Millis(pub u64);

/// Not an entry's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry's id is 32 hexadecimal digits")]
pub struct NoId;

/// The form that entries are written in; others are not read.
const FORM: u8 = 1;

/// What an entry takes in memory beside its text, its embedding and its answer: the struct, its places in tables, and an
/// evicted one's that is remembered.
const OVERHEAD: usize = 640;

/// An allocator rounds texts of any length up, by one part in so many on average.
const ROUNDED: usize = 8;

// === impl Entry ===

impl Entry {
    /// Whether it has ended at `now`.
    pub fn is_over(&self, now: Millis) -> bool {
        self.expires_at <= now
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let embedding = self.embedding.as_ref().map_or(0, |floats| size_of_val::<[f16]>(floats));
        let texts = self.text.len() + self.answer.len();
        OVERHEAD + texts + texts / ROUNDED + embedding
    }

    /// As it is kept elsewhere.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing to a vector cannot fail, and nothing in an entry refuses to be written.
        postcard::to_extend(self, vec![FORM]).unwrap_or_default()
    }

    /// What [`Self::to_bytes`] wrote; none where it is of another form or broken.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&FORM, entry) = bytes.split_first()? else { return None };
        postcard::from_bytes(entry).ok()
    }
}

// === impl EntryId ===

impl EntryId {
    /// The id of `text` in `scope`.
    pub fn of(scope: &Scope, text: &str) -> Self {
        let hash = Sha256::new().chain_update(scope.as_bytes()).chain_update(text).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        Self(id)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntryId {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoId);
        }
        u128::from_str_radix(text, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| NoId)
    }
}

// === impl Millis ===

impl Millis {
    /// The present.
    pub fn now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64))
    }

    /// So much later.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_millis() as u64))
    }

    /// How long after `earlier` it is; nothing if it isn't.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The answer to `text`.
    pub(in super::super) fn entry(text: &str) -> Entry {
        let scope = Scope::from_bytes([7; 32]);
        Entry {
            id: EntryId::of(&scope, text),
            normal: EntryId::of(&scope, text),
            scope,
            text: text.into(),
            embedding: Some([1.0, 0.5].map(f16::from_f32).to_vec().into()),
            answer: "{}".into(),
            route: "r".into(),
            backend: "b".into(),
            epoch: Epoch::default(),
            stored_at: Millis(1),
            expires_at: Millis(2),
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_nothing_else_is() {
        let bytes = entry("a").to_bytes();
        assert_eq!(Entry::from_bytes(&bytes), Some(entry("a")));
        for end in 0..bytes.len() {
            assert_eq!(Entry::from_bytes(&bytes[..end]), None, "cut at {end}");
        }
        assert_eq!(Entry::from_bytes(&[&[FORM + 1], &bytes[1..]].concat()), None);
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = entry("a").id;
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("+0000000000000000000000000000000".parse::<EntryId>().is_err());
        assert_ne!(id, EntryId::of(&Scope::from_bytes([8; 32]), "a"));
    }
}
