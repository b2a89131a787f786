//! Web addresses, with a scheme or without. The own machine's (localhost, 127.0.0.1) are nobody's and are left out.
//!
//! Without a scheme it takes `www.`, a path, or a top-level domain that ends neither files nor sentences nor members in
//! programs: `main.rs`, `README.md`, `e.g.` and `os.name` are none.

use std::ops::Range;

use super::patterns::Candidate;
use super::scan::Group;
use super::tld;
use super::words::List;
use crate::guard::finding::Strength;

/// The most bytes of a web address and of its host.
const LONGEST: usize = 2048;
const HOST: usize = 253;
/// Schemes whose addresses say where somebody's data is.
const SCHEMES: [&str; 14] =
    ["http", "https", "ftp", "ftps", "sftp", "ws", "wss", "ssh", "git", "rtsp", "rtmp", "magnet", "s3", "gs"];

/// A run of bytes that may all be a web address's, whose end many addresses that begin in it share.
#[derive(Default)]
struct Run {
    start: usize,
    /// How far it has been read.
    read: usize,
    /// Whether it ends there.
    is_whole: bool,
}

/// The web addresses in `text`.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    let (mut end, mut run) = (0, Run::default());
    for sign in memchr::memmem::find_iter(text.as_bytes(), "://") {
        if sign >= end
            && let Some(range) = schemed(text, sign, &mut run)
        {
            end = range.end;
            found.push(Candidate::of(List::Url, range, Strength::Specific, (0.9, 1.0)));
        }
    }
    let (mut known, mut run) = (0, Run::default());
    let schemed: Vec<Range<usize>> =
        found.iter().filter(|one| one.words == List::Url as usize).map(|one| one.range.clone()).collect();
    for group in groups {
        while schemed.get(known).is_some_and(|range| range.end <= group.start()) {
            known += 1;
        }
        if schemed.get(known).is_none_or(|range| range.start > group.start()) {
            found.extend(bare(text, group, &mut run));
        }
    }
}

/// The address whose scheme ends at `sign`.
fn schemed(text: &str, sign: usize, run: &mut Run) -> Option<Range<usize>> {
    let letters = text.as_bytes()[..sign].iter().rev().take(8).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let start = sign - letters;
    if !SCHEMES.iter().any(|scheme| text[start..sign].eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let host_start = sign + 3;
    let authority = text[host_start..]
        .bytes()
        .take(HOST)
        .take_while(|byte| is_in_url(*byte) && !matches!(byte, b'/' | b'?' | b'#'));
    let authority_end = text.floor_char_boundary(host_start + authority.count());
    let authority = &text[host_start..authority_end];
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let name = host.split(':').next().unwrap_or(host).trim_end_matches(['.', ',', ')', '!', '\'', '*', '_', ';']);
    is_host(name, host).then(|| start..address_end(text, host_start, run))
}

/// Whether a host is one of others: it has a dot, or is an IPv6 address.
fn is_host(name: &str, host: &str) -> bool {
    if host.starts_with('[') {
        return host.contains("]") && !host.starts_with("[::1]");
    }
    let is_own = name.starts_with("127.") || name == "0.0.0.0" || name.ends_with("localhost");
    let mut labels = name.split('.');
    !is_own
        && name.contains('.')
        && labels.all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'))
}

/// Where the address ends whose host begins at `start`: what ends a sentence or closes a bracket outside is not its own.
fn address_end(text: &str, start: usize, run: &mut Run) -> usize {
    let address = &text.as_bytes()[start..text.floor_char_boundary(run.end(text, start))];
    let count = |sign: u8| memchr::memchr_iter(sign, address).count();
    let mut unopened = [None, None];
    let mut length = address.len();
    while length > 0 {
        let (bracket, open) = match address[length - 1] {
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' | b'_' | b'~' => {
                length -= 1;
                continue;
            }
            b')' => (0, b'('),
            b']' => (1, b'['),
            _ => break,
        };
        let left = unopened[bracket].get_or_insert_with(|| count(address[length - 1]).saturating_sub(count(open)));
        if *left == 0 {
            break;
        }
        *left -= 1;
        length -= 1;
    }
    start + length
}

/// Whether `c` ends an address, though its bytes could be one's.
fn is_foreign(c: char) -> bool {
    "。，、；：！？（）「」『』【】《》“”‘’…".contains(c) || c.is_whitespace()
}

fn is_in_url(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
        && !byte.is_ascii_control()
        && !matches!(byte, b'<' | b'>' | b'"' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^')
}

// === impl Run ===

impl Run {
    /// Where the bytes from `start` on end that may be an address's, at most `LONGEST` of them. Each byte of a text is read
    /// once, as long as `start` does not decrease.
    fn end(&mut self, text: &str, start: usize) -> usize {
        if !(self.start..self.read).contains(&start) {
            *self = Self { start, read: start, is_whole: false };
        }
        let limit = text.len().min(start + LONGEST);
        let bytes = text.as_bytes();
        while self.read < limit && !self.is_whole {
            let byte = bytes[self.read];
            let width = if byte < 0xC0 { 1 } else { text[self.read..].chars().next().map_or(1, char::len_utf8) };
            let is_part = if byte.is_ascii() { is_in_url(byte) } else { !text[self.read..].starts_with(is_foreign) };
            self.is_whole = !is_part;
            self.read += if is_part { width } else { 0 };
        }
        self.read.min(limit)
    }
}

/// An address without a scheme that begins with a group.
fn bare(text: &str, group: &Group, run: &mut Run) -> Option<Candidate> {
    let whole = group.of(text);
    if group.letters < 3 || !whole.contains('.') {
        return None;
    }
    let host_length = whole.find(['/', ':', '@', '%', '+', '~']).unwrap_or(whole.len());
    let (host, rest) = whole.split_at(host_length);
    if rest.starts_with('@') || host.len() > HOST || !starts_free(text, group.start()) {
        return None;
    }
    let has_path = rest.starts_with('/') || text[group.start() + host_length..].starts_with(['/', '?']);
    let scores = bare_scores(host, has_path)?;
    // A call is a program's.
    if text[group.end()..].starts_with('(') {
        return None;
    }
    let end = address_end(text, group.start(), run).max(group.start() + host_length);
    Some(Candidate::of(List::Url, group.start()..end, Strength::Specific, scores))
}

/// Whether nothing that belongs to an address, a path or a variable stands before.
fn starts_free(text: &str, at: usize) -> bool {
    !text[..at].ends_with(['.', '@', '/', '\\', '$', '-', '_', '&', '%', '#'])
}

/// What a host without a scheme scores alone and in context.
fn bare_scores(host: &str, has_path: bool) -> Option<(f32, f32)> {
    let labels = || host.split('.');
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.contains('_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let (first, top) = (labels().next().unwrap_or_default(), labels().next_back().unwrap_or_default());
    let has_case =
        host.bytes().any(|byte| byte.is_ascii_uppercase()) && host.bytes().any(|byte| byte.is_ascii_lowercase());
    let top_has_case = top.bytes().any(|byte| byte.is_ascii_uppercase());
    // "end.It" lacks a space.
    if !labels().all(is_label) || first.len() < 2 || !tld::is_known(top) || has_case && top_has_case {
        return None;
    }
    let is_www = first.eq_ignore_ascii_case("www") && labels().count() > 2;
    Some(match (tld::is_plain(top), labels().count()) {
        _ if is_www => (0.85, 0.95),
        (true, _) if has_path => (0.8, 0.95),
        (true, 3..) => (0.7, 0.9),
        (true, _) => (0.6, 0.9),
        (false, 3..) if has_path => (0.6, 0.9),
        (false, _) => (0.3, 0.6),
    })
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    fn found(text: &str) -> Vec<(&str, f32)> {
        let mut found = Vec::new();
        find(text, &scan::groups(text), &mut found);
        found.into_iter().map(|url| (&text[url.range], url.alone)).collect()
    }

    fn first(text: &str) -> Option<&str> {
        found(text).first().filter(|(_, score)| *score >= 0.5).map(|(url, _)| *url)
    }

    #[test]
    fn addresses_with_a_scheme() {
        for (text, url) in [
            ("See https://example.com/a?b=c#d.", "https://example.com/a?b=c#d"),
            ("(http://en.example.org/wiki/A_(b))", "http://en.example.org/wiki/A_(b)"),
            ("[x](https://example.com/y)", "https://example.com/y"),
            ("<https://user:pw@example.com:8443/>", "https://user:pw@example.com:8443/"),
            ("url=https://bücher.example/ä!", "https://bücher.example/ä"),
            ("请看https://例子.中国/页。谢谢", "https://例子.中国/页"),
            ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
            ("\"ftp://files.example.net/a b\"", "ftp://files.example.net/a"),
            ("http://203.0.113.9/x,", "http://203.0.113.9/x"),
        ] {
            assert_eq!(first(text), Some(url), "{text}");
        }
    }

    #[test]
    fn addresses_without_one() {
        for (text, url) in [
            ("Visit www.example.rs.", "www.example.rs"),
            ("at example.com, or", "example.com"),
            ("docs.example.co.uk/a/b?c=1", "docs.example.co.uk/a/b?c=1"),
            ("github.com/a/b", "github.com/a/b"),
            ("my.site.example.it/path", "my.site.example.it/path"),
            ("EXAMPLE.COM", "EXAMPLE.COM"),
            ("example.org:8080/x", "example.org:8080/x"),
        ] {
            assert_eq!(first(text), Some(url), "{text}");
        }
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "main.rs",
            "README.md",
            "e.g. this",
            "i.e.",
            "setup.py",
            "a.out",
            "the end.It was",
            "v1.2.3",
            "3.14",
            "self.app.run()",
            "os.name",
            "foo.info()",
            "ann@example.com",
            "http://localhost:8080/x",
            "http://127.0.0.1/",
            "file.tar.gz",
            "https://",
            "http://x/",
            "Mr.Smith",
            "node.js",
            "x.y.z",
            "std::fmt",
            "scheme://example.com",
            "and/or",
            "lib.so",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_that_share_their_end_are_each_found() {
        let text = "(aa.com?b=bb.com/x)). ß cc.com/é。d";
        let ends: Vec<&str> = found(text).into_iter().map(|(url, _)| url).collect();
        assert_eq!(ends, ["aa.com?b=bb.com/x", "bb.com/x", "cc.com/é"]);
    }

    #[test]
    fn one_address_inside_another_is_part_of_it() {
        assert_eq!(found("https://a.example.com/?u=http://b.example.com/x y").len(), 1);
    }
}
