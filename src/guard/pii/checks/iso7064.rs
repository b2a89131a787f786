//! Check characters of ISO/IEC 7064.

/// Whether the last of `digits` is their check digit by the hybrid system MOD 11,10.
pub(crate) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (product + u32::from(*digit)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*check)
}

/// Whether `check` (10 stands for X) is the check character of `body` by the pure system MOD 11-2.
pub(crate) fn mod_11_2(body: &[u8], check: u8) -> bool {
    let sum = body.iter().fold(0, |sum, digit| (sum + u32::from(*digit)) * 2 % 11);
    (sum + u32::from(check)) % 11 == 1
}

#[cfg(test)]
mod tests {
    use super::{mod_11_2, mod_11_10};

    #[test]
    fn the_standards_examples_hold() {
        assert!(mod_11_10(&[0, 7, 9, 4, 5]));
        assert!(!mod_11_10(&[0, 7, 9, 4, 6]));
        assert!(!mod_11_10(&[]));
        assert!(mod_11_2(&[0, 7, 9, 4], 0));
        assert!(!mod_11_2(&[0, 7, 9, 4], 1));
    }

    #[test]
    fn ten_is_written_x() {
        assert!(mod_11_2(&[0, 7, 9], 10));
    }
}
