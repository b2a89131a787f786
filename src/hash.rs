//! Hashes that are the same in every process of this version.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The hash of `value`.
pub fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// SplitMix64's finaliser: every bit of the input changes half of the output's.
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// `bits` as a number in (0, 1), each of 2^52 values as likely as the others; with one bit more, the last would be 1.
pub fn unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) / (1u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_end_of_the_unit_is_reached() {
        assert!(unit(0) > 0.0 && unit(u64::MAX) < 1.0);
        assert_ne!(mix(1), mix(2));
        assert_eq!(hash("a"), hash("a"));
    }
}
