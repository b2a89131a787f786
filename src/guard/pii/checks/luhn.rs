//! The check digit of cards, devices and many national numbers.

/// Whether the last of `digits` is their check digit (ISO/IEC 7812-1, annex B): every second digit from the right is
/// doubled, the digits of the results are added up, and the sum ends in 0.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let term = |(at, digit): (usize, &u8)| match (at % 2, *digit) {
        (0, digit) => u32::from(digit),
        (_, digit) if digit > 4 => u32::from(digit) * 2 - 9,
        (_, digit) => u32::from(digit) * 2,
    };
    digits.iter().rev().enumerate().map(term).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::luhn;

    #[test]
    fn the_standards_example_holds() {
        assert!(luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]));
        for wrong in [0, 1, 2, 4, 5, 6, 7, 8, 9] {
            assert!(!luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, wrong]));
        }
    }
}
