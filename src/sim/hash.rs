//! FNV-1a, for checksums that a test can compute in ten lines of any language, and for chained block hashes.

/// The hash of no bytes (FNV's 64-bit offset basis).
pub(super) const FNV_EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Continues an FNV-1a 64 hash over `bytes`; start from [`FNV_EMPTY`].
pub(super) fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_gives_the_published_values() {
        assert_eq!(fnv1a(FNV_EMPTY, b""), 0xcbf29ce484222325);
        assert_eq!(fnv1a(FNV_EMPTY, b"a"), 0xaf63dc4c8601ec8c);
        assert_eq!(fnv1a(FNV_EMPTY, b"foobar"), 0x85944171f73967e8);
    }
}
