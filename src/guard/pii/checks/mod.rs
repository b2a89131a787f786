//! Check digits and dates, as the standards and the authorities that issue numbers define them.
//!
//! All work on digits as values 0–9, leftmost first, check digit included.

mod dates;
mod iso7064;
mod luhn;
mod mod97;
mod verhoeff;
mod weighted;

pub(crate) use self::dates::{is_date, is_short_date};
pub(crate) use self::iso7064::{mod_11_2, mod_11_10};
pub(crate) use self::luhn::luhn;
pub(crate) use self::mod97::mod97;
pub(crate) use self::verhoeff::verhoeff;
pub(crate) use self::weighted::weighted;

/// The `N` digits of `text`, whatever stands between them; none where there are more or fewer, or where all are the
/// same, which no authority issues and which placeholders often are.
pub(crate) fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut found = [0; N];
    let mut count = 0;
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        *found.get_mut(count)? = digit - b'0';
        count += 1;
    }
    (count == N && !is_repeated(&found)).then_some(found)
}

/// Whether `text` has `least` digits or more, not all the same.
pub(crate) fn has_varied_digits(text: &str, least: usize) -> bool {
    let mut digits = text.bytes().filter(u8::is_ascii_digit);
    let first = digits.next();
    let (count, varied) = digits.fold((1, false), |(count, varied), digit| (count + 1, varied || Some(digit) != first));
    varied && count >= least
}

/// Whether `digits` is one digit over and over.
pub(crate) fn is_repeated(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// The number that `digits` write.
pub(crate) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_through_separators() {
        assert_eq!(digits::<4>("1-2.3 4"), Some([1, 2, 3, 4]));
        assert_eq!(digits::<4>("123"), None);
        assert_eq!(digits::<4>("12345"), None);
    }

    #[test]
    fn repeated_digits_are_no_number() {
        assert_eq!(digits::<4>("0000"), None);
        assert_eq!(digits::<4>("77-77"), None);
        assert!(is_repeated(&[3, 3, 3]) && !is_repeated(&[3, 3, 4]));
    }

    #[test]
    fn digits_are_counted_among_letters() {
        assert!(has_varied_digits("AB12-34", 4) && !has_varied_digits("AB12-34", 5));
        assert!(!has_varied_digits("1111", 4) && !has_varied_digits("", 0));
    }

    #[test]
    fn a_number_is_read_in_tens() {
        assert_eq!(number(&[0, 4, 2, 7]), 427);
        assert_eq!(number(&[]), 0);
    }
}
