//! What a character is, told quickly: a table of the Basic Multilingual Plane, filled once from what Unicode says.

use std::sync::LazyLock;

/// What a character is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class(u8);

const LETTER: u8 = 1;
const NUMERIC: u8 = 2;
const SPACE: u8 = 4;

/// Characters in the table.
const PLANE: usize = 1 << 16;

static CLASSES: LazyLock<Box<[Class]>> = LazyLock::new(|| {
    let character = |code: u32| char::from_u32(code).map_or(Class(0), Class::of);
    (0..PLANE as u32).map(character).collect()
});

/// What `c` is.
pub(crate) fn class(c: char) -> Class {
    CLASSES.get(c as usize).copied().unwrap_or_else(|| Class::of(c))
}

/// As `char::is_alphabetic`.
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { class(c).is_letter() }
}

/// As `char::is_alphanumeric`.
pub(crate) fn is_letter_or_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { class(c).0 & (LETTER | NUMERIC) != 0 }
}

// === impl Class ===

impl Class {
    fn of(c: char) -> Self {
        let bit = |is: bool, bit: u8| if is { bit } else { 0 };
        Self(bit(c.is_alphabetic(), LETTER) | bit(c.is_numeric(), NUMERIC) | bit(c.is_whitespace(), SPACE))
    }

    /// As `char::is_alphabetic`.
    pub(crate) fn is_letter(self) -> bool {
        self.0 & LETTER != 0
    }

    /// As `char::is_numeric`.
    pub(crate) fn is_numeric(self) -> bool {
        self.0 & NUMERIC != 0
    }

    /// As `char::is_whitespace`.
    pub(crate) fn is_space(self) -> bool {
        self.0 & SPACE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_unicode() {
        for c in '\0'..=char::MAX {
            let class = class(c);
            assert_eq!(
                (is_letter(c), is_letter_or_digit(c), class.is_numeric(), class.is_space()),
                (c.is_alphabetic(), c.is_alphanumeric(), c.is_numeric(), c.is_whitespace()),
                "{:x}",
                c as u32
            );
        }
    }
}
