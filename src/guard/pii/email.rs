//! E-mail addresses (RFC 5321, RFC 6531), as people write them: quoted local parts and comments are left to mail servers.
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
        let start = local(text, at);
        let (end, has_dot) = domain(text, at + 1);
        if start == at || end == at + 1 {
            continue;
        }
        let domain = &text[at + 1..end];
        let scores = scores(&text[start..at], domain, has_dot, &text[end..]);
        if let Some(scores) = scores.filter(|_| is_free(text, start, end)) {
            found.push(Candidate::of(List::Email, start..end, Strength::Specific, scores));
        }
    }
}

/// Where the local part begins that ends at `at`.
fn local(text: &str, at: usize) -> usize {
    let mut start = at;
    // An address in Latin letters may stand in a text without spaces.
    let is_latin = text[..at].ends_with(|c: char| c.is_ascii());
    for c in text[..at].chars().rev() {
        let is_local = c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '~' | '&' | '!' | '#' | '$')
            || !c.is_ascii() && c.is_alphanumeric() && !(is_latin && is_unspaced(c));
        if !is_local || at - start + c.len_utf8() > LOCAL {
            break;
        }
        start -= c.len_utf8();
    }
    let opening = text[start..at].find(|c: char| c.is_alphanumeric() || c == '_' || c == '+');
    start + opening.unwrap_or(at - start)
}

/// Where the domain ends that begins at `start`, and whether it has a dot inside.
fn domain(text: &str, start: usize) -> (usize, bool) {
    let mut end = start;
    let is_latin = text[start..].starts_with(|c: char| c.is_ascii());
    for c in text[start..].chars() {
        let is_part = c.is_ascii_alphanumeric()
            || matches!(c, '-' | '.')
            || !c.is_ascii() && c.is_alphanumeric() && !(is_latin && is_unspaced(c));
        if !is_part || end - start + c.len_utf8() > DOMAIN {
            break;
        }
        end += c.len_utf8();
    }
    let domain = text[start..end].trim_end_matches(['.', '-']);
    (start + domain.len(), domain.contains('.'))
}

/// Whether neither part goes on, and neither is a URL's.
fn is_free(text: &str, start: usize, end: usize) -> bool {
    let before = &text[text.floor_char_boundary(start.saturating_sub(2 * LOCAL))..start];
    let token = before.rsplit(|c: char| c.is_whitespace() || "\"'<>(),;".contains(c)).next().unwrap_or_default();
    let in_url = token.rfind("://").is_some_and(|scheme| !token[scheme + 3..].contains('/'));
    let goes_on = before.ends_with(joins) || before.ends_with(['@', '/', '\\']) && !before.ends_with("//");
    let after = text[end..].chars().next();
    !in_url
        && !goes_on
        && !after.is_some_and(|c| joins(c) || c == '@' || c == '_')
        && scan::ends(text, end) | (after == Some(':'))
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
    fn weak_ones_take_a_word() {
        for text in ["root@fileserver", "x = a@b.transpose"] {
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
