//! Network interfaces' addresses (EUI-48).

use super::patterns::Candidate;
use super::scan::Group;
use super::words::List;
use crate::guard::finding::Strength;

/// The addresses in `text`: six pairs with `:` or `-`, or three fours with dots.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    for group in groups.iter().filter(|group| matches!(group.len(), 14 | 17)) {
        if let Some(scores) = scores(group.of(text)) {
            found.push(Candidate::of(List::Mac, group.start()..group.end(), Strength::Specific, scores));
        }
    }
}

/// What an address scores alone and in context. The one of nobody and the one of all are none.
fn scores(address: &str) -> Option<(f32, f32)> {
    let sign = [(':', 2, 17), ('-', 2, 17), ('.', 4, 14)].into_iter().find(|(sign, width, length)| {
        address.len() == *length
            && address
                .split(*sign)
                .all(|part| part.len() == *width && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    let digits = || address.bytes().filter(u8::is_ascii_hexdigit);
    let is_any = digits().all(|byte| byte == b'0') || digits().all(|byte| byte.eq_ignore_ascii_case(&b'f'));
    let has_letter = digits().any(|byte| byte.is_ascii_alphabetic());
    match sign?.0 {
        _ if is_any => None,
        ':' => Some((0.85, 0.95)),
        // Without a letter it may be dates, parts or counts.
        '-' if has_letter => Some((0.8, 0.95)),
        '.' if has_letter => Some((0.6, 0.95)),
        _ => Some((0.3, 0.9)),
    }
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
    fn the_three_forms() {
        for text in ["on 00:1B:44:11:3A:B7.", "mac=00-1b-44-11-3a-b7", "001b.4411.3ab7 is up", "10:20:30:40:50:60"] {
            assert!(best(text).is_some_and(|score| score >= 0.5), "{text}");
        }
        assert_eq!(best("01-02-03-04-05-06"), Some(0.3));
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "00:1B:44:11:3A",
            "00:1B:44:11:3A:B7:01",
            "00:1B-44:11-3A:B7",
            "00:1G:44:11:3A:B7",
            "2024-01-02T10:20",
            "a00:1B:44:11:3A:B",
            "1234.5678.9012.3456",
            "12:30:45.123456",
        ] {
            assert_eq!(best(text), None, "{text}");
        }
    }
}
