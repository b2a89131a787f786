//! What is mixed into a conversation's placeholders, and into hashes that stand for values.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Four characters that nobody without the server's key can tell beforehand. A conversation keeps its own from turn to turn,
/// so that a model's server finds the same tokens again.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Salt([u8; 4]);

/// Base32 in lower case (RFC 4648); its letters come first.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How many of [`DIGITS`] are letters.
const LETTERS: u8 = 26;

/// How many bytes of a value's hash are shown.
const HASH_BYTES: usize = 6;

// === impl Salt ===

impl Salt {
    /// The salt of the tenant's conversation that begins with this message.
    pub fn of(key: &[u8; 32], tenant: &str, first_message: &str) -> Self {
        // The length keeps the end of the one apart from the beginning of the other.
        let length = (tenant.len() as u64).to_be_bytes();
        let [first, rest @ ..] =
            signed(key, &[b"salt\0", &length[..], tenant.as_bytes(), first_message.as_bytes()].concat());
        // A letter at first: a salt is then never a number, and a placeholder that has one never looks like one that has
        // none.
        let first = DIGITS[usize::from(first % LETTERS)];
        let [second, third, fourth] = [rest[0], rest[1], rest[2]].map(|byte| DIGITS[usize::from(byte % 32)]);
        Self([first, second, third, fourth])
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// Twelve hexadecimal digits that stand for `value`: the same for the same value, and not to be undone or tried out without
/// the key.
pub(super) fn hash(key: &[u8; 32], value: &str) -> String {
    let hash = signed(key, &[b"hash\0", value.as_bytes()].concat());
    hash[..HASH_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256.
fn signed(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // A key that is shorter than a block is filled up with zeros.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_conversation_keeps_its_salt_and_others_have_their_own() {
        let salt = Salt::of(&KEY, "a", "hello");
        assert_eq!(salt, Salt::of(&KEY, "a", "hello"));
        for other in [
            Salt::of(&KEY, "b", "hello"),
            Salt::of(&KEY, "a", "hello!"),
            Salt::of(&[8; 32], "a", "hello"),
            Salt::of(&KEY, "ah", "ello"),
        ] {
            assert_ne!(salt, other);
        }
        assert_eq!(format!("{salt:?}"), "Salt(…)");
    }

    #[test]
    fn salts_are_four_of_base32_and_begin_with_a_letter() {
        let salts: Vec<Salt> = (0..2000).map(|at| Salt::of(&KEY, "a", &at.to_string())).collect();
        for salt in &salts {
            let text = salt.as_str().as_bytes();
            assert!(text.len() == 4 && text[0].is_ascii_lowercase());
            assert!(text.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')));
        }
        let distinct: std::collections::HashSet<&str> = salts.iter().map(Salt::as_str).collect();
        assert!(distinct.len() > 1980, "{}", distinct.len());
    }

    /// Test case 2 of RFC 4231, with its key filled up with zeros as HMAC does itself.
    #[test]
    fn it_is_hmac_sha_256() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let hex: String =
            signed(&key, b"what do ya want for nothing?").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_value_has_one_hash() {
        assert_eq!(hash(&KEY, "John"), hash(&KEY, "John"));
        assert_ne!(hash(&KEY, "John"), hash(&KEY, "john"));
        assert_ne!(hash(&KEY, "John"), hash(&[8; 32], "John"));
        assert_eq!(hash(&KEY, "").len(), 12);
    }
}
