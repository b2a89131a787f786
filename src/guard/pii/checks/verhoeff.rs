//! A check digit that sees every single wrong digit and every swap of neighbours.

/// The dihedral group of order ten: what `a` and `b` become together.
const JOINED: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// What a digit becomes one place further to the left.
const MOVED: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Whether the last of `digits` is their check digit (J. Verhoeff, Error Detecting Decimal Codes, 1969).
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    let mut state = 0_u8;
    for (place, digit) in digits.iter().rev().enumerate() {
        let moved = (0..place % 8).fold(*digit, |digit, _| MOVED[usize::from(digit)]);
        state = JOINED[usize::from(state)][usize::from(moved)];
    }
    state == 0
}

#[cfg(test)]
mod tests {
    use super::verhoeff;

    #[test]
    fn the_published_example_holds() {
        assert!(verhoeff(&[2, 3, 6, 3]));
        assert!((0..10).filter(|digit| *digit != 3).all(|digit| !verhoeff(&[2, 3, 6, digit])));
    }

    #[test]
    fn swaps_of_neighbours_are_seen() {
        let mut number = [2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 6];
        assert!(verhoeff(&number));
        for at in 0..number.len() - 1 {
            number.swap(at, at + 1);
            assert!(!verhoeff(&number), "{at}");
            number.swap(at, at + 1);
        }
    }
}
