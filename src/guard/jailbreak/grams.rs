//! Hashed word and character n-grams, and the linear model over them.
//!
//! Read from the folded view: digits are all `0` and runs of white space one space. Words are runs of letters and digits,
//! and each Chinese or Japanese character is one of its own; they give grams of one to three. Characters give grams of
//! three to five within a piece between spaces, padded by a space on either side. Each is hashed (FNV-1a, then a multiply
//! and a shift) into one of 2^16 buckets of its table, and counts once a segment.

use super::views::is_letter_or_digit;

/// Buckets of a table.
pub const BUCKETS: usize = 1 << 16;

/// Bytes of a segment. One attack in a long text would drown if the whole text were read at once.
const SEGMENT: usize = 768;

/// What two neighbouring segments share.
const OVERLAP: usize = 96;

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
/// An odd number near 2^64 over the golden ratio, as in Fibonacci hashing.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The buckets of a segment, each once, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// Buckets of words.
    pub words: Vec<u16>,
    /// Buckets of characters.
    pub chars: Vec<u16>,
}

/// Reads segments without allocating anew for each.
pub(crate) struct Reader {
    features: Features,
    seen_words: Seen,
    seen_chars: Seen,
    /// The segment normalised.
    plain: String,
    /// Where its characters begin, and its end.
    starts: Vec<usize>,
}

/// Buckets met in this segment, a bit each.
struct Seen {
    bits: Box<[u64]>,
}

/// The weights of a bucket, a table each.
#[derive(Debug)]
pub(crate) struct Grams {
    pub(crate) words: Box<[i8]>,
    pub(crate) chars: Box<[i8]>,
    pub(crate) scale: [f32; 2],
    pub(crate) bias: f32,
}

/// The features of a folded text, segment by segment.
pub(crate) fn features(folded: &str) -> Vec<Features> {
    let mut reader = Reader::new();
    segments(folded).map(|segment| reader.read(segment).clone()).collect()
}

/// Cuts at white space where there is some near the end.
fn segments(text: &str) -> impl Iterator<Item = &str> {
    let mut from = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        if text.len() - from <= SEGMENT {
            done = true;
            return Some(&text[from..]);
        }
        let end = cut(text, from + SEGMENT - SEGMENT / 8, from + SEGMENT);
        let segment = &text[from..end];
        from = cut(text, end - OVERLAP, end);
        Some(segment)
    })
}

/// The first white space from `from` on, or the first character boundary where there is none before `to`.
fn cut(text: &str, from: usize, to: usize) -> usize {
    let start = text.ceil_char_boundary(from);
    let bytes = &text.as_bytes()[start..to.max(start)];
    bytes.iter().position(u8::is_ascii_whitespace).map_or(start, |at| start + at)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn hash(mut state: u64, bytes: &[u8]) -> u64 {
    for &byte in bytes {
        state = (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
    }
    state
}

fn bucket(hash: u64) -> u16 {
    (hash.wrapping_mul(SPREAD) >> 48) as u16
}

// === impl Reader ===

impl Reader {
    pub(crate) fn new() -> Self {
        let (seen_words, seen_chars) = (Seen::new(), Seen::new());
        Self { features: Features::default(), seen_words, seen_chars, plain: String::new(), starts: Vec::new() }
    }

    /// The features of one segment.
    pub(crate) fn read(&mut self, segment: &str) -> &Features {
        self.seen_words.clear(&mut self.features.words);
        self.seen_chars.clear(&mut self.features.chars);
        self.normalise(segment);
        let plain = std::mem::take(&mut self.plain);
        self.read_words(&plain);
        self.read_chars(&plain);
        self.plain = plain;
        &self.features
    }

    fn normalise(&mut self, segment: &str) {
        self.plain.clear();
        self.plain.push(' ');
        for c in segment.chars() {
            match c {
                'a'..='z' => self.plain.push(c),
                c if c.is_whitespace() => {
                    if !self.plain.ends_with(' ') {
                        self.plain.push(' ');
                    }
                }
                c if c.is_numeric() => self.plain.push('0'),
                c => self.plain.push(c),
            }
        }
        if !self.plain.ends_with(' ') {
            self.plain.push(' ');
        }
    }

    fn read_words(&mut self, plain: &str) {
        let (mut one, mut two) = (None, None);
        let mut rest = plain;
        while let Some(start) = rest.find(is_letter_or_digit) {
            rest = &rest[start..];
            let first = rest.chars().next().unwrap_or_default();
            let end = if is_ideograph(first) {
                first.len_utf8()
            } else {
                rest.find(|c: char| !is_letter_or_digit(c) || is_ideograph(c)).unwrap_or(rest.len())
            };
            let word = &rest.as_bytes()[..end];
            rest = &rest[end..];
            let alone = hash(FNV_START, word);
            let pair = one.map(|before| hash(hash(before, b" "), word));
            let triple = two.map(|before| hash(hash(before, b" "), word));
            for found in [Some(alone), pair, triple].into_iter().flatten() {
                self.seen_words.note(bucket(found), &mut self.features.words);
            }
            (one, two) = (Some(alone), pair);
        }
    }

    /// `plain` begins and ends with a space, so a piece's padding is what stands there.
    fn read_chars(&mut self, plain: &str) {
        let bytes = plain.as_bytes();
        self.starts.clear();
        self.starts.extend(plain.char_indices().map(|(start, _)| start));
        self.starts.push(bytes.len());
        for first in 0..self.starts.len() - 1 {
            let mut state = FNV_START;
            for (count, ends) in self.starts[first..].windows(2).take(5).enumerate() {
                state = hash(state, &bytes[ends[0]..ends[1]]);
                if count >= 2 {
                    self.seen_chars.note(bucket(state), &mut self.features.chars);
                }
                if count > 0 && bytes[ends[0]] == b' ' {
                    break;
                }
            }
        }
    }
}

// === impl Seen ===

impl Seen {
    fn new() -> Self {
        Self { bits: vec![0; BUCKETS / 64].into() }
    }

    /// Forgets what `found` holds, and empties it.
    fn clear(&mut self, found: &mut Vec<u16>) {
        for bucket in found.drain(..) {
            self.bits[usize::from(bucket) / 64] = 0;
        }
    }

    fn note(&mut self, bucket: u16, found: &mut Vec<u16>) {
        let (word, bit) = (&mut self.bits[usize::from(bucket) / 64], 1 << (bucket % 64));
        if *word & bit == 0 {
            *word |= bit;
            found.push(bucket);
        }
    }
}

// === impl Grams ===

impl Grams {
    /// The highest logit of all segments of all `views`.
    pub(crate) fn logit<'a>(&self, views: impl Iterator<Item = &'a str>) -> f32 {
        let mut reader = Reader::new();
        let mut highest = f32::NEG_INFINITY;
        for view in views {
            for segment in segments(view) {
                highest = highest.max(self.weigh(reader.read(segment)));
            }
        }
        if highest.is_finite() { highest } else { self.bias }
    }

    fn weigh(&self, features: &Features) -> f32 {
        self.bias
            + self.scale[0] * mean(&self.words, &features.words)
            + self.scale[1] * mean(&self.chars, &features.chars)
    }
}

/// The sum of the weights over the root of their number, so that a long segment does not outweigh a short one.
fn mean(weights: &[i8], buckets: &[u16]) -> f32 {
    if buckets.is_empty() {
        return 0.0;
    }
    let sum: i32 = buckets.iter().map(|&bucket| i32::from(weights[usize::from(bucket)])).sum();
    sum as f32 / (buckets.len() as f32).sqrt()
}
