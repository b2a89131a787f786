//! Internet addresses. Those of the own machine (127.0.0.1, ::1), of none (0.0.0.0, ::) and masks (255.…) tell nothing
//! about anybody and are left out.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::patterns::Candidate;
use super::scan::Group;
use super::words::List;
use crate::guard::finding::Strength;

/// Words before four numbers that count releases or sections.
const COUNTED: [&str; 19] = [
    "v", "ver", "version", "versions", "release", "releases", "build", "section", "sections", "chapter", "firmware",
    "package", "upgrade", "sec", "clause", "rev", "revision", "fw", "python",
];
/// The most bytes that an address with its zone has.
const LONGEST: usize = 64;

/// The addresses in `text`; a port, a prefix's length, a zone or a path that follows is not part of them.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    for group in groups.iter().filter(|group| group.digits > 0 && group.len() >= 3) {
        let whole = group.of(text);
        if let Some((length, address)) = v4(whole) {
            if is_stranger(address) && !is_counted(text, group.start()) {
                let range = group.start()..group.start() + length;
                found.push(Candidate::of(List::Ip, range, Strength::Specific, v4_scores(address)));
            }
        } else if group.len() <= LONGEST {
            found.extend(v6(text, group));
        }
    }
}

/// The address that `text` begins with, and its length.
fn v4(text: &str) -> Option<(usize, Ipv4Addr)> {
    let length = text.bytes().take(16).take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (address, rest) = text.split_at(length);
    let number = |digits: &str| -> bool {
        !digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let follows = match rest.split_at_checked(1) {
        None => true,
        Some(("/", path)) => !path.starts_with(|c: char| c.is_ascii_digit()) || number(path) && path.len() <= 2,
        Some((":", port)) => number(port.split('/').next().unwrap_or(port)),
        // From one address to another.
        Some(("-", other)) => other.parse::<Ipv4Addr>().is_ok(),
        Some(_) => false,
    };
    // The standard library's parser refuses leading zeros, as it should here.
    if follows { Some((length, address.parse().ok()?)) } else { None }
}

fn v4_scores(address: Ipv4Addr) -> (f32, f32) {
    let [first, .., last] = address.octets();
    let is_small = address.octets().iter().all(|octet| *octet < 20);
    let is_own = address.is_private() && (first, last) != (10, 0);
    match is_small && !is_own {
        // 1.2.3.4 is more often a section, a release or an example.
        true => (0.4, 0.85),
        false => (0.7, 0.95),
    }
}

fn is_stranger(address: Ipv4Addr) -> bool {
    !address.is_loopback() && !address.is_unspecified() && address.octets()[0] != 255 && address.octets()[0] != 0
}

/// Whether what stands before `at` says that a release or a section follows.
fn is_counted(text: &str, at: usize) -> bool {
    let start = text.floor_char_boundary(at.saturating_sub(24));
    let before = text[start..at].trim_end_matches(|c: char| c.is_ascii_whitespace() || "\"':#".contains(c));
    if before.ends_with(['^', '§']) || ["==", ">=", "<=", "~="].iter().any(|sign| before.ends_with(sign)) {
        return true;
    }
    let before = before.trim_end_matches(['=', ' ', '"', '\'']);
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    COUNTED.iter().any(|counted| word.eq_ignore_ascii_case(counted))
}

/// The IPv6 address that a group is, colons at its ends included.
fn v6(text: &str, group: &Group) -> Option<Candidate> {
    if !group.of(text).contains(':') && !text[..group.start()].ends_with("::") {
        return None;
    }
    let start = group.start() - if text[..group.start()].ends_with("::") { 2 } else { 0 };
    let end = group.end() + if text[group.end()..].starts_with("::") { 2 } else { 0 };
    let whole = &text[start..end];
    let length = whole.find(['/', '%']).unwrap_or(whole.len());
    let address: Ipv6Addr = whole[..length].parse().ok()?;
    if address.is_loopback() || address.is_unspecified() || !has_form(&whole[..length], address) {
        return None;
    }
    // A zone tells which interface, so it belongs to the address.
    let zone = whole[length..].strip_prefix('%').map_or(0, |zone| 1 + zone.find('/').unwrap_or(zone.len()));
    let mapped = address.to_ipv4_mapped();
    if mapped.is_some_and(|address| !is_stranger(address)) {
        return None;
    }
    Some(Candidate::of(List::Ip, start..start + length + zone, Strength::Specific, (0.85, 0.95)))
}

/// Whether it is written as addresses are: `a::b` and `1::2` are paths and slices in programs.
fn has_form(written: &str, address: Ipv6Addr) -> bool {
    let parts = written.split(':').filter(|part| !part.is_empty()).count();
    let [first, ..] = address.segments();
    let is_known = (0x2000..0x4000).contains(&first) || first >= 0xFC00;
    let is_mapped = address.to_ipv4_mapped().is_some() || first == 0x64;
    parts == 8 || is_mapped || is_known && parts >= 2 || written.contains('.') && parts == 7
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    fn found(text: &str) -> Vec<(&str, f32)> {
        let mut found = Vec::new();
        find(text, &scan::groups(text), &mut found);
        found.into_iter().map(|address| (&text[address.range], address.alone)).collect()
    }

    fn first(text: &str) -> Option<&str> {
        found(text).first().filter(|(_, score)| *score >= 0.5).map(|(address, _)| *address)
    }

    #[test]
    fn v4_with_what_may_follow() {
        for text in [
            "from 203.0.113.7.",
            "203.0.113.7:8080",
            "http://203.0.113.7/a/b",
            "203.0.113.7/24",
            "user@203.0.113.7 ok",
            "ip:203.0.113.7,",
            "[203.0.113.7]",
            "http://203.0.113.7:80/x",
            "203.0.113.7-203.0.113.9",
            "客户端203.0.113.7",
        ] {
            assert_eq!(first(text), (!text.contains('@')).then_some("203.0.113.7"), "{text}");
        }
        assert_eq!(first("10.0.0.5 - - [22/Nov/2026]"), Some("10.0.0.5"));
    }

    #[test]
    fn v4_look_alikes_are_none() {
        for text in [
            "v1.2.3.4",
            "version 110.2.3.4",
            "Version: \"110.2.3.4\"",
            "lib==110.2.3.4",
            "1.2.3.4.5",
            "1.2.3",
            "256.1.1.1",
            "1.02.3.4",
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "Chrome/120.0.0.0",
            "1.2.3.4-beta",
            "§ 110.2.3.4",
            "x1.2.3.4",
            "110.2.3.4rc1",
            "2.16.840.1.113883",
            "1.2.3.4/5/6",
            "110.2.3.4.example.com",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
        assert_eq!(found("see 1.2.3.4"), [("1.2.3.4", 0.4)]);
    }

    #[test]
    fn v6_in_its_forms() {
        for (text, address) in [
            ("at 2001:db8::1.", "2001:db8::1"),
            ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
            ("fe80::1ff:fe23:4567:890a%eth0", "fe80::1ff:fe23:4567:890a%eth0"),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
            ("2001:db8::/32", "2001:db8::"),
            ("[2001:db8::2]:443", "2001:db8::2"),
            ("2001:DB8:0:0:8:800:200C:417A", "2001:DB8:0:0:8:800:200C:417A"),
        ] {
            assert_eq!(first(text), Some(address), "{text}");
        }
    }

    #[test]
    fn v6_look_alikes_are_none() {
        for text in [
            "::1",
            "::",
            "std::io",
            "a::b",
            "A::B::C",
            "x[1::2]",
            "12:30:45",
            "10:20:30:40:50:60",
            "1::2",
            "dead::beef",
            "::ffff:127.0.0.1",
            "2001:db8::1::2",
            "fade::C0",
            "1:2:3:4:5:6:7:8:9",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
