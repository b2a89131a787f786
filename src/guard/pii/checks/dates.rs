//! Dates of the Gregorian calendar.

fn days(leap: bool, month: u32) -> u32 {
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Whether there is such a day.
pub(crate) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    (1..=days(leap, month)).contains(&day)
}

/// Whether there is such a day in any century, where only the year's last two digits are written.
pub(crate) fn is_short_date(year: u32, month: u32, day: u32) -> bool {
    is_date(2000 + year % 100, month, day)
}

#[cfg(test)]
mod tests {
    use super::{is_date, is_short_date};

    #[test]
    fn months_have_their_lengths() {
        assert!(is_date(2023, 1, 31) && !is_date(2023, 4, 31));
        assert!(!is_date(2023, 0, 1) && !is_date(2023, 13, 1) && !is_date(2023, 1, 0));
    }

    #[test]
    fn leap_years_are_known() {
        assert!(is_date(2024, 2, 29) && is_date(2000, 2, 29));
        assert!(!is_date(1900, 2, 29) && !is_date(2023, 2, 29));
        assert!(is_short_date(0, 2, 29) && !is_short_date(1, 2, 29));
    }
}
