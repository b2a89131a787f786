//! What an encoder has done, counted as it happens.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an encoder has done, since it started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Texts embedded.
    pub encoded: AtomicU64,
    /// Texts turned away by a full queue.
    pub busy: AtomicU64,
    /// Texts whose askers were told [`EncodeError::Timeout`](super::EncodeError::Timeout).
    pub timeouts: AtomicU64,
    /// Texts on which inference failed or panicked.
    pub failed: AtomicU64,
    /// Texts skipped because their askers had left.
    pub departed: AtomicU64,
    /// Runs of the model, each for one text or several.
    pub batches: AtomicU64,
    /// Texts whose embeddings the memo had.
    pub hits: AtomicU64,
    /// Texts whose embeddings it had not.
    pub misses: AtomicU64,
    unread: [Unread; Use::ALL.len()],
}

/// What a text is embedded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To be compared, as a prompt or as a sample.
    Routing,
    /// For its asker, who keeps the embedding.
    Embeddings,
}

/// What was not seen of texts.
#[derive(Debug, Default)]
struct Unread {
    texts: AtomicU64,
    bytes: AtomicU64,
}

// === impl Stats ===

impl Stats {
    /// How texts ended, each count under its name in metrics.
    pub fn outcomes(&self) -> [(&'static str, u64); 5] {
        let counts = [
            ("encoded", &self.encoded),
            ("busy", &self.busy),
            ("timeout", &self.timeouts),
            ("failed", &self.failed),
            ("departed", &self.departed),
        ];
        counts.map(|(name, count)| (name, read(count)))
    }

    /// What the memo had and had not, each count under its name in metrics.
    pub fn memo(&self) -> [(&'static str, u64); 2] {
        [("hit", read(&self.hits)), ("miss", read(&self.misses))]
    }

    /// Runs of the model.
    pub fn batches(&self) -> u64 {
        read(&self.batches)
    }

    /// For each use, its name in metrics, the texts that were not seen whole, and how many bytes of them were not.
    pub fn unread(&self) -> [(&'static str, u64, u64); Use::ALL.len()] {
        Use::ALL.map(|of| {
            let Unread { texts, bytes } = &self.unread[of as usize];
            (of.as_str(), read(texts), read(bytes))
        })
    }

    /// Counts a text of which `bytes` were not seen, if any were not.
    pub(super) fn count_unread(&self, of: Use, bytes: usize) {
        if bytes > 0 {
            let unread = &self.unread[of as usize];
            unread.texts.fetch_add(1, Ordering::Relaxed);
            unread.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

// === impl Use ===

impl Use {
    const ALL: [Self; 2] = [Self::Routing, Self::Embeddings];

    fn as_str(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::Embeddings => "embeddings",
        }
    }
}
