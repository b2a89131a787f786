//! Random numbers that are cheap, and random enough for ids and for chance.

use std::sync::atomic::{AtomicU64, Ordering};

/// A SplitMix64 generator (Steele, Lea and Flood, 2014) that many may draw from at once.
pub(super) struct Dice(AtomicU64);

// === impl Dice ===

impl Dice {
    /// Seeded by the system, so that two processes draw differently.
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(uuid::Uuid::new_v4().as_u64_pair().0))
    }

    /// 64 random bits.
    pub(super) fn bits(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0.0..1.0`.
    pub(super) fn fraction(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}
