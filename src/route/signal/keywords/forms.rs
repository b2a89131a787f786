//! What is left of a word where letters are left out, as hashes.
//!
//! They are polynomials of the letters, so that the hash of any part comes of those of the beginnings, and each form takes
//! a few instructions.

/// No word of more letters is typed.
pub(super) const LONGEST: usize = 40;

/// A prime, odd and large: what polynomial hashes are taken to.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// A word's letters with the hashes of its beginnings.
pub(super) struct Letters {
    pub(super) count: usize,
    /// Of the first letters, so many.
    hashes: [u64; LONGEST + 1],
}

/// Powers of [`BASE`].
static POWERS: [u64; LONGEST + 1] = {
    let mut powers = [1u64; LONGEST + 1];
    let mut i = 1;
    while i <= LONGEST {
        powers[i] = powers[i - 1].wrapping_mul(BASE);
        i += 1;
    }
    powers
};

// === impl Letters ===

impl Letters {
    /// Reads one letter more than [`LONGEST`] at most.
    pub(super) fn of(word: &str) -> Self {
        let mut letters = Self { count: 0, hashes: [0; LONGEST + 1] };
        for c in word.chars() {
            letters.count += 1;
            if letters.count > LONGEST {
                break;
            }
            let before = letters.hashes[letters.count - 1];
            letters.hashes[letters.count] = before.wrapping_mul(BASE).wrapping_add(u64::from(u32::from(c)) + 1);
        }
        letters
    }

    /// The hash of the letters from `from` to `to`.
    fn part(&self, from: usize, to: usize) -> u64 {
        self.hashes[to].wrapping_sub(self.hashes[from].wrapping_mul(POWERS[to - from]))
    }

    /// Gives `form` the hash of the word and of what is left of it without one letter, and without two.
    pub(super) fn forms(&self, left_out: usize, mut form: impl FnMut(u64)) {
        let count = self.count;
        if count > LONGEST {
            return;
        }
        form(self.hashes[count]);
        if left_out == 0 {
            return;
        }
        for first in 0..count {
            let after = self.part(first + 1, count);
            form(self.hashes[first].wrapping_mul(POWERS[count - first - 1]).wrapping_add(after));
        }
        if left_out == 1 {
            return;
        }
        for first in 0..count {
            for second in first + 1..count {
                let middle = second - first - 1;
                let start = self.hashes[first].wrapping_mul(POWERS[middle]).wrapping_add(self.part(first + 1, second));
                let rest = count - second - 1;
                form(start.wrapping_mul(POWERS[rest]).wrapping_add(self.part(second + 1, count)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(word: &str, left_out: usize) -> Vec<u64> {
        let mut forms = Vec::new();
        Letters::of(word).forms(left_out, |form| forms.push(form));
        forms
    }

    #[test]
    fn a_form_hashes_as_the_word_that_it_is() {
        let hash = |word: &str| forms(word, 0)[0];
        assert_eq!(forms("abcd", 1)[1..], ["bcd", "acd", "abd", "abc"].map(hash));
        let two = ["cd", "bd", "bc", "ad", "ac", "ab"].map(hash);
        assert_eq!(forms("abcd", 2)[5..], two);
        assert_ne!(hash("ab"), hash("ba"));
        assert_eq!(forms("é", 1), [hash("é"), hash("")]);
    }

    #[test]
    fn a_word_that_is_too_long_has_none() {
        assert!(forms(&"a".repeat(LONGEST + 1), 2).is_empty());
        assert_eq!(forms(&"a".repeat(LONGEST), 1).len(), LONGEST + 1);
    }
}
