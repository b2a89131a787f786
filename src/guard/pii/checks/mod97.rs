//! The remainder that IBANs and French social security numbers are checked by.

/// What `digits` leave when divided by 97 (ISO/IEC 7064), for numbers longer than any integer type.
pub(crate) fn mod97(digits: impl IntoIterator<Item = u8>) -> u32 {
    digits.into_iter().fold(0, |rest, digit| (rest * 10 + u32::from(digit)) % 97)
}

#[cfg(test)]
mod tests {
    use super::mod97;

    #[test]
    fn it_is_the_remainder() {
        let number = 1_841_276_451_089_u64;
        let digits = number.to_string().into_bytes().into_iter().map(|digit| digit - b'0');
        assert_eq!(u64::from(mod97(digits)), number % 97);
        assert_eq!(mod97([9, 7]), 0);
    }
}
