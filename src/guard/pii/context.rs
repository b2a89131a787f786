//! What stands near a candidate and speaks for it.
//!
//! A word counts where it is whole ("lic" does not stand in "public"), among the six words and 64 bytes before a candidate
//! or the three words and 32 bytes after it. What a value is named counts as before it: the key of JSON and of `key: value`
//! lines, and the head of its column. Where the name directly before a value says something else, only that name counts,
//! so that the order number behind a phone number is none.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use super::hits::{Hit, Hits};
use super::scan::{alphanumeric, is_unspaced, joins};
use super::table::Tables;

/// How far before a candidate words count: in words, bytes and lines.
const BEFORE: (usize, usize, usize) = (6, 64, 2);
/// How far after it, in words and bytes.
const AFTER: (usize, usize) = (3, 32);
/// Names that say nothing about their values, which what stands around them then does.
const GENERAL: [&str; 14] =
    ["number", "num", "no", "nr", "value", "val", "data", "text", "content", "id", "input", "query", "is", "here"];

/// Whether a byte is part of a word, as words are counted.
static IS_WORD: [bool; 256] = {
    let (mut is_word, mut byte) = ([true; 256], 0);
    while byte < 128 {
        is_word[byte as usize] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    is_word
};

/// All context words of all recognisers.
pub(super) struct Words {
    automaton: AhoCorasick,
    /// For each of the automaton's patterns, the phrase it spells.
    phrases: Vec<usize>,
    /// For each list, which phrases it has, as bits.
    lists: Vec<Box<[u64]>>,
}

/// A text with the context words it has, which are looked for when the first candidate asks.
pub(super) struct Context<'a> {
    words: &'a Words,
    text: &'a str,
    read: OnceCell<Read>,
    /// What was last asked about: several recognisers mostly ask about the same place.
    last: RefCell<Option<Near>>,
}

/// What a text has.
struct Read {
    hits: Hits,
    tables: Tables,
    /// Which phrases stand in it at all, as bits.
    present: Box<[u64]>,
}

/// The hits that count for what stands at a place.
struct Near {
    at: Range<usize>,
    /// Where they begin at the earliest and which they are, before the place, after it, and in its column's head.
    hits: [(usize, Range<usize>); 3],
}

// === impl Words ===

impl Words {
    /// The words of all `lists`.
    ///
    /// # Errors
    /// They take too much memory.
    pub(super) fn new(lists: &[Vec<String>]) -> Result<Self, BuildError> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        for word in lists.iter().flatten().filter(|word| !word.is_empty()) {
            let next = places.len();
            places.entry(word).or_insert(next);
        }
        let spellings: Vec<(String, usize)> = places
            .iter()
            .flat_map(|(word, place)| spellings(word).into_iter().map(|spelling| (spelling, *place)))
            .collect();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(true)
            .build(spellings.iter().map(|(spelling, _)| spelling))?;
        let bits = |list: &Vec<String>| {
            let mut bits = vec![0; places.len().div_ceil(64)].into_boxed_slice();
            for place in list.iter().filter_map(|word| places.get(word.as_str())) {
                bits[place / 64] |= 1_u64 << (place % 64);
            }
            bits
        };
        Ok(Self {
            automaton,
            phrases: spellings.iter().map(|(_, place)| *place).collect(),
            lists: lists.iter().map(bits).collect(),
        })
    }

    /// The whole words in `text`, by where they end.
    fn hits(&self, text: &str) -> Vec<Hit> {
        let matches = self.automaton.find_overlapping_iter(text);
        let hits = matches.map(|hit| Hit { start: hit.start(), end: hit.end(), phrase: self.phrases[hit.pattern()] });
        hits.filter(|hit| is_whole(text, hit.start, hit.end)).collect()
    }

    fn has(&self, list: usize, phrase: usize) -> bool {
        self.lists[list][phrase / 64] >> (phrase % 64) & 1 == 1
    }
}

/// The ways to write a phrase: as it is, as one identifier, and with capitals where ASCII's rules do not reach.
fn spellings(phrase: &str) -> Vec<String> {
    let mut all = vec![phrase.to_owned()];
    if phrase.contains(' ') {
        all.extend(["_", "-", ""].map(|sign| phrase.replace(' ', sign)));
    }
    if !phrase.is_ascii() {
        for at in 0..all.len() {
            let mut chars = all[at].chars();
            let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
            let capital = first + chars.as_str();
            let capitals = all[at].to_uppercase();
            all.extend([capital, capitals]);
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Whether no letter or digit goes on at either end, but for the next word of camelCase.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let mut inner = text[start..end].chars();
    let (Some(first), last) = (inner.next(), inner.next_back()) else { return false };
    let last = last.unwrap_or(first);
    let parts = |left: char, right: char| {
        !joins(left) || !joins(right) || left.is_lowercase() && right.is_uppercase() || is_unspaced(left)
    };
    text[..start].chars().next_back().is_none_or(|before| parts(before, first))
        && text[end..].chars().next().is_none_or(|after| parts(last, after))
}

// === impl Context ===

impl<'a> Context<'a> {
    pub(super) fn new(words: &'a Words, text: &'a str) -> Self {
        Self { words, text, read: OnceCell::new(), last: RefCell::new(None) }
    }

    /// Whether the text's words have been looked for.
    pub(super) fn is_read(&self) -> bool {
        self.read.get().is_some()
    }

    /// Whether any word may speak for something in `range`, which is short.
    pub(super) fn is_near(&self, range: Range<usize>) -> bool {
        let read = self.read.get_or_init(|| self.read());
        !read.hits.is_empty()
            && (read.hits.has_end(&(range.start.saturating_sub(BEFORE.1)..range.end + AFTER.1))
                || read.tables.has_head(range.start, |head| read.hits.has_end(head)))
    }

    /// Whether a word of `list` speaks for what stands at `range`.
    pub(super) fn speaks(&self, list: usize, range: &Range<usize>) -> bool {
        let read = self.read.get_or_init(|| self.read());
        if self.words.lists[list].iter().zip(&read.present).all(|(wanted, present)| wanted & present == 0) {
            return false;
        }
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|near| near.at != *range) {
            *last = Some(self.near(read, range));
        }
        last.iter().flat_map(|near| &near.hits).any(|(from, hits)| {
            read.hits.of(hits).iter().any(|hit| hit.start >= *from && self.words.has(list, hit.phrase))
        })
    }

    fn read(&self) -> Read {
        let hits = self.words.hits(self.text);
        let mut present = vec![0; self.words.lists.first().map_or(0, |bits| bits.len())].into_boxed_slice();
        hits.iter().for_each(|hit| present[hit.phrase / 64] |= 1 << (hit.phrase % 64));
        Read { hits: Hits::new(hits, self.text.len()), tables: Tables::of(self.text), present }
    }

    fn near(&self, read: &Read, range: &Range<usize>) -> Near {
        let around = range.start.saturating_sub(BEFORE.1)..range.end + AFTER.1;
        let is_near = read.hits.has_end(&around);
        let is_headed = || read.tables.has_head(range.start, |head| read.hits.has_end(head));
        let cell = if is_near || is_headed() { read.tables.cell(self.text, range.start) } else { None };
        let mut hits = [(0, 0..0), (0, 0..0), (0, 0..0)];
        if is_near {
            let (mut from, to) = (self.begins(range.start), self.ends(range.end));
            if let Some(cell) = cell.as_ref().filter(|cell| cell.is_named) {
                from = from.max(cell.start);
            }
            hits[0] = (from, read.hits.within(from..range.start));
            hits[1] = (range.end, read.hits.within(range.end..to));
        }
        if let Some(cell) = cell {
            hits[2] = (cell.head.start, read.hits.within(cell.head));
        }
        Near { at: range.clone(), hits }
    }

    /// Where the words that count before `at` begin.
    fn begins(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let floor = at.saturating_sub(BEFORE.1);
        let (mut from, mut words, mut lines, mut in_word) = (at, 0, 0, false);
        for byte in bytes[floor..at].iter().rev() {
            let is_word = IS_WORD[usize::from(*byte)];
            words += usize::from(is_word & !in_word);
            lines += usize::from(*byte == b'\n');
            if (words > BEFORE.0) | (lines >= BEFORE.2) {
                break;
            }
            in_word = is_word;
            from -= 1;
        }
        self.name(from, at).unwrap_or(from)
    }

    /// Where the name begins that stands directly before a value at `at` and alone tells what it is.
    fn name(&self, from: usize, at: usize) -> Option<usize> {
        let head = self.text.as_bytes()[from..at].trim_ascii_end();
        let quotes =
            head.iter().rev().take_while(|byte| matches!(byte, b'"' | b'\'' | b'`' | b' ' | b'\\' | b'*')).count();
        let (sign, named) = head[..head.len() - quotes].split_last()?;
        if !matches!(sign, b':' | b'=') {
            return None;
        }
        let stops =
            |byte: &u8| matches!(byte, b'\n' | b',' | b'{' | b'}' | b'[' | b']' | b';' | b'&' | b'|' | b'?' | b'<');
        let start = named.iter().rposition(stops).map_or(0, |stop| stop + 1);
        let name = named[start..].trim_ascii();
        let name = name.strip_suffix(b"\"").unwrap_or(name);
        let bare = name.iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(name, |sign| &name[sign + 1..]);
        let is_general = bare.is_empty() || GENERAL.iter().any(|word| bare.eq_ignore_ascii_case(word.as_bytes()));
        // A name cut off by the words that count is no name, and a general one leaves it to what stands before it.
        (!is_general).then_some(from + start)
    }

    /// Where the words that count after `at` end.
    fn ends(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut to, mut words, mut in_word) = (at, 0, true);
        while to < bytes.len().min(at + AFTER.1) {
            let byte = bytes[to];
            let is_word = IS_WORD[usize::from(byte)];
            words += usize::from(is_word && !in_word);
            let parts = match byte {
                b'\n' | b';' | b'|' | b'&' | b'{' | b'}' | b'[' | b']' | b'"' => true,
                b',' | b'.' | b'!' | b'?' => !bytes.get(to + 1).is_some_and(u8::is_ascii_alphanumeric),
                _ => false,
            };
            if words > AFTER.0 || parts {
                break;
            }
            in_word = is_word;
            to += 1;
        }
        while to < bytes.len() && to > at && alphanumeric(self.text, to) > 0 && bytes[to - 1].is_ascii_alphanumeric() {
            to -= 1;
        }
        to
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
