//! Wallets' addresses, each by its checksum.

use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::patterns::Candidate;
use super::scan::Group;
use super::words::List;
use crate::guard::finding::Strength;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// What each byte counts in base 58.
const BASE58_VALUES: [u8; 256] = {
    let (mut values, mut at) = ([u8::MAX; 256], 0);
    while at < BASE58.len() {
        values[BASE58[at] as usize] = at as u8;
        at += 1;
    }
    values
};
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What the first byte of a decoded address is: Bitcoin, Litecoin, Dogecoin, Dash and Tron, scripts included.
const VERSIONS: [u8; 9] = [0x00, 0x05, 0x30, 0x32, 0x1E, 0x16, 0x4C, 0x10, 0x41];
/// Whose addresses are in Bech32 (BIP 173): Bitcoin, its test net and Litecoin.
const HUMAN_PARTS: [&str; 3] = ["bc", "tb", "ltc"];

/// The addresses in `text`.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    for group in groups.iter().filter(|group| (26..=90).contains(&group.len()) && group.digits > 0) {
        // A chain's number may follow an address in a payment's link.
        let whole = group.of(text);
        let address = whole.split('@').next().unwrap_or(whole);
        if !address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        if let Some(scores) = scores(address) {
            let range = group.start()..group.start() + address.len();
            found.push(Candidate::of(List::Crypto, range, Strength::Checksum, scores));
        }
    }
}

/// What an address scores alone and in context; none where its checksum fails.
fn scores(address: &str) -> Option<(f32, f32)> {
    let sure = Some((0.95, 1.0));
    match address.len() {
        42 if address.starts_with("0x") => ethereum(&address[2..]),
        26..=35 if is_base58(address) => sure,
        26..=90 if is_bech32(address) => sure,
        _ => None,
    }
}

/// Base58Check: a version, 20 bytes, and the first four of their doubled SHA-256.
fn is_base58(address: &str) -> bool {
    let Some(number) = base58(address) else { return false };
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let ones = address.bytes().take_while(|byte| *byte == b'1').count();
    let (payload, check) = number.split_at(21);
    // Each leading zero is written as a 1, so as many have to be there. Most runs of letters fail here, before any hash.
    zeros == ones && VERSIONS.contains(&payload[0]) && Sha256::digest(Sha256::digest(payload))[..4] == *check
}

/// The 25 bytes that `address` writes in base 58; none where it has other signs or is too great.
fn base58(address: &str) -> Option<[u8; 25]> {
    // Seven places of 32 bits, the greatest first; five digits at a time are what one place holds.
    let mut places = [0_u32; 7];
    for five in address.as_bytes().chunks(5) {
        let (mut factor, mut carry) = (1_u64, 0_u64);
        for byte in five {
            let digit = BASE58_VALUES[usize::from(*byte)];
            if digit == u8::MAX {
                return None;
            }
            factor *= 58;
            carry = carry * 58 + u64::from(digit);
        }
        for place in places.iter_mut().rev() {
            carry += u64::from(*place) * factor;
            *place = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            return None;
        }
    }
    let mut bytes = [0; 28];
    places.iter().zip(bytes.chunks_exact_mut(4)).for_each(|(place, four)| four.copy_from_slice(&place.to_be_bytes()));
    let (none, bytes) = bytes.split_first_chunk::<3>()?;
    (*none == [0; 3]).then(|| bytes.try_into().ok())?
}

/// Bech32 and Bech32m (BIP 173, BIP 350).
fn is_bech32(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    if lower != address && address.to_ascii_uppercase() != address {
        return false;
    }
    let Some((human, data)) = lower.rsplit_once('1') else { return false };
    if !HUMAN_PARTS.contains(&human) || data.len() < 7 {
        return false;
    }
    let high = human.bytes().map(|byte| Some(u32::from(byte >> 5)));
    let low = human.bytes().map(|byte| Some(u32::from(byte & 31)));
    let data = data.bytes().map(|byte| BECH32.iter().position(|known| *known == byte).map(|value| value as u32));
    let values = high.chain([Some(0)]).chain(low).chain(data);
    let sum = values.into_iter().try_fold(1, |sum, value| Some(polymod(sum, value?)));
    matches!(sum, Some(1 | 0x2BC8_30A3))
}

/// One step of the BCH code of BIP 173.
fn polymod(sum: u32, value: u32) -> u32 {
    const GENERATOR: [u32; 5] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3];
    let top = sum >> 25;
    let shifted = (sum & 0x01FF_FFFF) << 5 ^ value;
    (0..5).filter(|bit| top >> bit & 1 == 1).fold(shifted, |sum, bit| sum ^ GENERATOR[bit])
}

/// EIP-55: which letters are capitals is their checksum. Without any, or with all, it may be a hash as well.
fn ethereum(digits: &str) -> Option<(f32, f32)> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || digits.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    if digits == lower || digits == digits.to_ascii_uppercase() {
        return Some((0.4, 0.85));
    }
    let hash = Keccak256::digest(lower.as_bytes());
    let is_capital = |at: usize| hash[at / 2] >> (4 * (1 - at % 2)) & 0xF >= 8;
    let fits = digits
        .bytes()
        .enumerate()
        .all(|(at, byte)| byte.is_ascii_digit() || byte.is_ascii_uppercase() == is_capital(at));
    fits.then_some((0.95, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    fn best(text: &str) -> Option<f32> {
        let mut found = Vec::new();
        find(text, &scan::groups(text), &mut found);
        found.first().map(|address| address.alone)
    }

    #[test]
    fn addresses_by_their_checksums() {
        for text in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bitcoin:1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "ethereum:0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359@1",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        ] {
            assert_eq!(best(text), Some(0.95), "{text}");
        }
    }

    #[test]
    fn hexadecimal_of_one_case_takes_a_word() {
        assert_eq!(best("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), Some(0.4));
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "1111111111111111111111111111111",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mda",
            "0xdeadbeef",
            "0x0000000000000000000000000000000000000000",
            "550e8400-e29b-41d4-a716-446655440000",
            "d41d8cd98f00b204e9800998ecf8427e",
            "bc1QAR0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        ] {
            assert_eq!(best(text), None, "{text}");
        }
    }
}
