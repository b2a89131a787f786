//! E-mail addresses (RFC 5321, RFC 6531), as people write them: comments and domains that are IP addresses are left to mail
//! servers.
//!
//! No address: `pkg@1.2.3` and `pkg@latest` (releases), `@app.route` (decorators), `git@host:path` (nobody's), the
//! password and host of `scheme://user:password@host`, and `a @ b` in programs.

use super::patterns::Candidate;
use super::scan::{is_unspaced, joins};
use super::words::List;
use super::{scan, tld};
use crate::guard::finding::Strength;

/// The most bytes of a local part and of a domain.
const LOCAL: usize = 64;
const DOMAIN: usize = 253;
/// Accounts that belong to a machine, where a path follows.
const MACHINES: [&str; 3] = ["git", "svn", "hg"];

/// The addresses in `text`.
pub(super) fn find(text: &str, found: &mut Vec<Candidate>) {
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        let (mut start, is_quoted) = match local(text, at) {
            start if start == at => (quoted(text, at), true),
            start => (unescaped(text, start, at), false),
        };
        let whole = domain(text, at + 1);
        if start == at || whole == at + 1 {
            continue;
        }
        let end = at + 1 + sentence(&text[at + 1..whole]).unwrap_or(whole - at - 1);
        // What is set in `_` on both sides is emphasised.
        if !is_quoted && text[end..].starts_with('_') {
            start += text[start..at].len() - text[start..at].trim_start_matches('_').len();
        }
        let (local, domain) = (&text[start..at], &text[at + 1..end]);
        if local.is_empty() {
            continue;
        }
        let scores = scores(local, domain, domain.contains('.'), &text[end..]);
        let is_host = || domain.rsplit('.').next().is_some_and(|top| tld::is_plain(top) || tld::is_reserved(top));
        let ends = end < whole || ends(text, end, is_host);
        if let Some(scores) = scores.filter(|_| ends && begins(text, start, is_quoted, is_host))
            && (!is_quoted || domain.contains('.') && is_host())
        {
            found.push(Candidate::of(List::Email, start..end, Strength::Specific, scores));
        }
    }
}

/// Where a local part in quotes begins, with them, that ends at `at`; `at` where none does.
fn quoted(text: &str, at: usize) -> usize {
    let Some(inner) = text[..at].strip_suffix('"') else { return at };
    let from = inner.floor_char_boundary(inner.len().saturating_sub(LOCAL));
    match inner[from..].rfind(['"', '\n']) {
        Some(quote) if inner[from + quote..].len() > 1 && inner[from + quote..].starts_with('"') => from + quote,
        _ => at,
    }
}

/// Where the local part begins that was read from `start`, if what it begins with ends an escaped sign: `\nann@…`,
/// `\u003cann@…`.
fn unescaped(text: &str, start: usize, at: usize) -> usize {
    if !text[..start].ends_with('\\') {
        return start;
    }
    let escape = match text.as_bytes()[start..at] {
        [b'n' | b't' | b'r', ..] => 1,
        [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) => 5,
        _ => return start,
    };
    let opening = text[start + escape..at].find(|c: char| c.is_alphanumeric() || c == '_' || c == '+');
    opening.map_or(at, |opening| start + escape + opening)
}

/// How much of `domain` is one, where the next sentence follows it without a space: `b.org.The`, `b.orgThe`.
fn sentence(domain: &str) -> Option<usize> {
    let is_capital = |c: char| c.is_uppercase();
    let top = || domain.rsplit('.').next().unwrap_or_default();
    if !domain.contains(is_capital) || tld::is_known(top()) {
        return None;
    }
    let first = domain.find('.')? + 1;
    let mut at = first;
    for label in domain[first..].split('.') {
        let end = at + label.len();
        let name = &label[..label.find(is_capital).unwrap_or(label.len())];
        let goes_on = || domain[end..].strip_prefix('.').is_some_and(|next| next.starts_with(is_capital));
        if tld::is_plain(name) && (name.len() < label.len() || goes_on()) {
            return Some(at + name.len());
        }
        at = end + 1;
    }
    None
}

/// Where the local part begins that ends at `at`.
fn local(text: &str, at: usize) -> usize {
    let mut start = at;
    // An address in Latin letters may stand in a text without spaces.
    let is_latin = text[..at].ends_with(|c: char| c.is_ascii());
    for c in text[..at].chars().rev() {
        let is_local = c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '~' | '&' | '!' | '#' | '$' | '\0')
            || !c.is_ascii() && c.is_alphanumeric() && !(is_latin && is_unspaced(c));
        if !is_local || at - start + c.len_utf8() > LOCAL {
            break;
        }
        start -= c.len_utf8();
    }
    // What has no width may stand in a local part, and it may part two addresses.
    if text[..start].ends_with('@')
        && let Some(last) = memchr::memrchr(0, &text.as_bytes()[start..at])
    {
        start += last + 1;
    }
    let opening = text[start..at].find(|c: char| c.is_alphanumeric() || c == '_' || c == '+');
    start + opening.unwrap_or(at - start)
}

/// Where the domain ends that begins at `start`.
fn domain(text: &str, start: usize) -> usize {
    let (mut end, mut has_dot) = (start, false);
    let is_latin = text[start..].starts_with(|c: char| c.is_ascii());
    for c in text[start..].chars() {
        has_dot |= c == '.';
        let is_part = c.is_ascii_alphanumeric()
            || matches!(c, '-' | '.')
            || c == '\0' && !has_dot
            || !c.is_ascii() && c.is_alphanumeric() && !(is_latin && is_unspaced(c));
        if !is_part || end - start + c.len_utf8() > DOMAIN {
            break;
        }
        end += c.len_utf8();
    }
    let domain = text[start..end].trim_end_matches(['.', '-', '\0']);
    start + domain.len()
}

/// Whether nothing before `start` belongs to the local part, which is not a URL's. In a path, only what `is_host` tells
/// to be an address's domain makes one.
fn begins(text: &str, start: usize, is_quoted: bool, is_host: impl Fn() -> bool) -> bool {
    let before = &text[text.floor_char_boundary(start.saturating_sub(2 * LOCAL))..start];
    let token = before.rsplit(|c: char| c.is_whitespace() || "\"'<>(),;".contains(c)).next().unwrap_or_default();
    let in_url = token.rfind("://").is_some_and(|scheme| !token[scheme + 3..].contains('/'));
    let mut last = before.chars().rev();
    let goes_on = match last.next() {
        // A handle, `@ann@example.com`, has an address's form.
        Some('@') => last.next().is_some_and(|c| joins(c) || c == '@'),
        Some('/') => !before.ends_with("//") && !is_host(),
        // A quotation mark within a string, or a line's end or another sign, of which `start` is behind.
        Some('\\') => !is_quoted,
        Some(c) => joins(c) && !is_escape(before),
        None => false,
    };
    !in_url && !goes_on
}

/// Whether `before` ends in an escaped sign, so that what follows it begins there.
fn is_escape(before: &str) -> bool {
    scan::ends_escaped(before)
        || before.len() >= 6
            && before.as_bytes()[before.len() - 6..].starts_with(b"\\u")
            && before.bytes().rev().take(4).all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the domain does not go on at `end`. Behind one that `is_host` tells to be an address's, a path may.
fn ends(text: &str, end: usize, is_host: impl Fn() -> bool) -> bool {
    match text[end..].chars().next() {
        Some('@') => false,
        Some(':') => true,
        Some('/') => scan::ends(text, end) || is_host(),
        _ => scan::ends(text, end),
    }
}

/// What an address scores alone and in context.
fn scores(local: &str, domain: &str, has_dot: bool, after: &str) -> Option<(f32, f32)> {
    if local.contains("..") || local.ends_with('.') {
        return None;
    }
    if MACHINES.contains(&local) && after.starts_with([':', '/']) || domain.starts_with("localhost") {
        return None;
    }
    if !has_dot {
        // A host of the own network: only where it is said to be an address.
        let is_name = domain.len() > 2 && domain.bytes().all(|byte| byte.is_ascii_alphabetic());
        return (is_name && local.len() > 1 && domain != "latest" && domain != "next").then_some((0.2, 0.6));
    }
    let labels = || domain.split('.');
    let is_label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    let is_release = domain.starts_with(|c: char| c.is_ascii_digit())
        && labels().take_while(|label| label.bytes().all(|byte| byte.is_ascii_digit())).count() > 1;
    let top = labels().next_back().unwrap_or_default();
    if !labels().all(is_label)
        || is_release
        || top.chars().count() < 2
        || top.bytes().any(|byte| byte.is_ascii_digit()) && !top.starts_with("xn--")
    {
        return None;
    }
    match tld::is_known(top) || tld::is_reserved(top) || !top.is_ascii() {
        true => Some((0.95, 1.0)),
        // A method of what a decorator or a product of matrices names.
        false => Some((0.4, 0.8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, f32)> {
        let mut found = Vec::new();
        find(text, &mut found);
        found.into_iter().map(|address| (&text[address.range], address.alone)).collect()
    }

    #[test]
    fn addresses_as_people_write_them() {
        for (text, address) in [
            (r"log: name\nab12@b.org\nend", "ab12@b.org"),
            (r"\tnina@b.org\r\n", "nina@b.org"),
            (r"name \u003cab12@b.org\u003e", "ab12@b.org"),
            ("_ab12@b.org_", "ab12@b.org"),
            ("__ab12@b.org__,", "ab12@b.org"),
            ("ab12@b.org_", "ab12@b.org"),
            ("_ab12@b.org", "_ab12@b.org"),
            ("**ab12@b.org** ", "ab12@b.org"),
            ("`ab12@b.org`", "ab12@b.org"),
            ("/ab12@b.org", "ab12@b.org"),
            ("http://x.com/ab12@b.org", "ab12@b.org"),
            ("https://x.com/ab12@b.org/edit", "ab12@b.org"),
            ("ab12@b.org.The end", "ab12@b.org"),
            ("ab12@b.orgThe end", "ab12@b.org"),
            ("ab12@b.org.The.End", "ab12@b.org"),
            ("ab12@mail.b.co.ukThe.", "ab12@mail.b.co.uk"),
            ("Ab@Example.Com", "Ab@Example.Com"),
            ("Ab@Corp.Example", "Ab@Corp.Example"),
            ("\"a b\"@b.org", "\"a b\"@b.org"),
            ("write \"ab\"@b.org", "\"ab\"@b.org"),
            ("@ab12@b.org", "ab12@b.org"),
            ("ab\0cd@b\0c.org\0ef", "ab\0cd@b\0c.org"),
            ("Write to ann.lee@example.com.", "ann.lee@example.com"),
            ("<ann+news@mail.example.co.uk>,", "ann+news@mail.example.co.uk"),
            ("mailto:ann@example.org?subject=x", "ann@example.org"),
            ("email=o'neil_x%y@ex-ample.io;", "o'neil_x%y@ex-ample.io"),
            ("jörg@müller.de", "jörg@müller.de"),
            ("邮箱wang@163.com谢谢", "wang@163.com"),
            ("用户@例子.中国", "用户@例子.中国"),
            ("'ann@example.com'", "ann@example.com"),
            ("ANN@EXAMPLE.COM", "ANN@EXAMPLE.COM"),
            ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
            ("(ann@example.com)...", "ann@example.com"),
            ("ann@example.com:22", "ann@example.com"),
        ] {
            assert!(
                matches!(found(text)[..], [(value, score)] if value == address && score > 0.9),
                "{text}: {:?}",
                found(text)
            );
        }
    }

    #[test]
    fn lists_with_slashes_and_zeros() {
        let all = |text| found(text).into_iter().map(|(address, _)| address).collect::<Vec<_>>();
        assert_eq!(all("ab12@b.org/cd34@c.org"), ["ab12@b.org", "cd34@c.org"]);
        assert_eq!(all("ab12@b.org\0cd34@c.org\0"), ["ab12@b.org", "cd34@c.org"]);
        assert_eq!(all("ab12@b.org/cd34@c.org/ef@d.com."), ["ab12@b.org", "cd34@c.org", "ef@d.com"]);
    }

    #[test]
    fn weak_ones_take_a_word() {
        for text in ["root@fileserver", "x = a@b.transpose", "a@b.transpose.The", "a@b.orgthe"] {
            assert!(matches!(found(text)[..], [(_, score)] if score < 0.5), "{text}");
        }
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "react@18.2.0",
            "npm i pkg@1.2.3-beta.rc",
            "pkg@latest",
            "@app.route('/x')",
            "@ann",
            "git@github.com:a/b.git",
            "git@github.com/a/b.git",
            "src/icon@dark.md",
            "npm/react@18.2.0/umd",
            "a@b.org_x",
            "a@b.orgé_x@c",
            "a@@b.org",
            "__@b.org_",
            "@@a@b.org",
            r"DOMAIN\ann@example.com",
            r"C:\u00zz@b.org",
            "\"\"@b.org",
            "\"a b\"@en",
            "\"a b\"@x.method",
            "'a b'@",
            "ab12@10.1.2.3",
            "ab12@[10.1.2.3]",
            "postgres://user:pass@db.example.com/x",
            "https://user@host.example.com/",
            "a @ b.com",
            "ann@",
            "@example.com",
            "a@b@example.com",
            "ann@example.c",
            "ann@-example.com",
            "ann..lee@example.com",
            "w = a@x.T",
            "$@",
            "ann@localhost.com",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
