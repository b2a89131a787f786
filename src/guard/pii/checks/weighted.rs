//! Weighted sums, which most national numbers are checked by.

/// The sum of each of `digits` times its weight; what has no weight does not count.
pub(crate) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::weighted;

    #[test]
    fn digits_meet_their_weights() {
        assert_eq!(weighted(&[1, 2, 3], &[3, 7, 1]), 20);
        assert_eq!(weighted(&[1, 2, 3], &[3, 7]), 17);
    }
}
