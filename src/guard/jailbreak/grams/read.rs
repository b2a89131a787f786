//! The grams of one segment, byte by byte.
//!
//! Every gram's hash is that of a shorter one and a few bytes more, so a byte costs a multiplication for each gram that it
//! stands in, and nothing is cut out or copied.

use super::{BUCKETS, Features};
use crate::guard::jailbreak::views::class;

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
/// An odd number near 2^64 over the golden ratio, as in Fibonacci hashing.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Buckets of one table that a segment can have at most, rounded up to a power of two: three for each character.
const MOST: usize = 4096;

/// Bytes of a piece of a segment, normalised.
const PIECE: usize = 96;

/// What each ASCII character becomes.
const PLAIN: [u8; 128] = {
    let (mut plain, mut at) = ([0; 128], 0);
    while at < 128 {
        plain[at as usize] = match at {
            b'\t'..=b'\r' => b' ',
            b'0'..=b'9' => b'0',
            _ => at,
        };
        at += 1;
    }
    plain
};

/// Reads segments without allocating anew for each.
pub(super) struct Reader {
    words: Noted,
    chars: Noted,
    /// The segment normalised.
    plain: Vec<u8>,
    /// Where its characters end and what they are, unless all are of one byte.
    ends: Vec<(usize, Kind)>,
    /// The grams of three, four and five characters by the character they begin with: the bucket, and whether it counts.
    grid: Vec<[(u16, bool); 3]>,
}

/// What a character is to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Part,
    /// A word by itself.
    Ideograph,
    Other,
}

/// Buckets met in a segment: a bit each, and a list in the order of the text. Written without branches, since whether a
/// bucket is new is what no processor foresees.
struct Noted {
    bits: Box<[u64; BUCKETS / 64]>,
    found: Box<[u16; MOST]>,
    count: usize,
    /// All that were noted, new or not.
    all: Box<[u16; MOST]>,
    all_count: usize,
    /// How many had been noted where each piece began.
    begins: Vec<usize>,
}

/// The hashes of the word being read, alone and after the one and the two before it.
struct Phrase {
    hashes: [u64; 3],
    in_word: bool,
    /// Words read, up to two.
    before: usize,
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
}

#[cfg(test)]
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(FNV_START, |state, byte| step(state, *byte))
}

pub(super) fn bucket(hash: u64) -> u16 {
    (hash.wrapping_mul(SPREAD) >> 48) as u16
}

// === impl Reader ===

impl Reader {
    pub(super) fn new() -> Self {
        Self { words: Noted::new(), chars: Noted::new(), plain: Vec::new(), ends: Vec::new(), grid: Vec::new() }
    }

    /// The buckets of words that were read last.
    pub(super) fn words(&self) -> &[u16] {
        self.words.buckets()
    }

    /// The buckets of characters that were read last.
    pub(super) fn chars(&self) -> &[u16] {
        self.chars.buckets()
    }

    /// Both.
    pub(super) fn features(&self) -> Features {
        let pieces = self.pieces().map(|[words, chars]| (words.to_vec(), chars.to_vec())).collect();
        Features { words: self.words().to_vec(), chars: self.chars().to_vec(), pieces }
    }

    /// The buckets of words and of characters of each piece of what was read last, in the order of the text and as often as
    /// they stand there. A gram of words belongs where it ends, one of characters where it begins.
    pub(super) fn pieces(&self) -> impl Iterator<Item = [&[u16]; 2]> {
        (0..self.plain.len().div_ceil(PIECE)).map(|at| [self.words.piece(at), self.chars.piece(at)])
    }

    /// Reads the features of one segment.
    pub(super) fn read(&mut self, segment: &str) {
        self.words.clear();
        self.chars.clear();
        if segment.is_ascii() {
            self.normalise_ascii(segment.as_bytes());
            self.read_ascii_words();
            self.read_ascii_chars();
        } else {
            self.normalise(segment);
            self.read_words();
            self.read_chars();
        }
    }

    fn normalise_ascii(&mut self, segment: &[u8]) {
        self.plain.clear();
        self.plain.resize(segment.len() + 2, b' ');
        let (mut length, mut last) = (1, b' ');
        for &byte in segment {
            let plain = PLAIN[usize::from(byte & 0x7f)];
            self.plain[length] = plain;
            length += usize::from(plain != b' ' || last != b' ');
            last = plain;
        }
        self.plain[length] = b' ';
        self.plain.truncate(length + usize::from(last != b' '));
    }

    fn read_ascii_words(&mut self) {
        let mut phrase = Phrase::new();
        for piece in self.plain.chunks(PIECE) {
            self.words.begin();
            for &byte in piece {
                match byte.is_ascii_alphanumeric() {
                    true => phrase.push(byte),
                    false => phrase.end(&mut self.words),
                }
            }
        }
    }

    /// What is normalised begins and ends with a space, so a piece's padding is what stands there.
    fn read_ascii_chars(&mut self) {
        // A piece's last characters begin no gram.
        let length = self.plain.len();
        self.plain.extend([b' '; 4]);
        for (at, gram) in self.plain.windows(5).enumerate() {
            if at % PIECE == 0 {
                self.chars.begin();
            }
            let three = step(step(step(FNV_START, gram[0]), gram[1]), gram[2]);
            let four = step(three, gram[3]);
            let [_, first, second, third, _] = [0, 1, 2, 3, 4].map(|at: usize| gram[at] != b' ');
            self.chars.note(three, first);
            self.chars.note(four, first & second);
            self.chars.note(step(four, gram[4]), first & second & third);
        }
        self.plain.truncate(length);
    }

    fn normalise(&mut self, segment: &str) {
        self.plain.clear();
        self.ends.clear();
        self.push(' ', Kind::Space);
        for c in segment.chars() {
            let class = class(c);
            if class.is_space() {
                if self.plain.last() != Some(&b' ') {
                    self.push(' ', Kind::Space);
                }
            } else if class.is_numeric() {
                self.push('0', Kind::Part);
            } else if !class.is_letter() {
                self.push(c, Kind::Other);
            } else {
                self.push(c, if is_ideograph(c) { Kind::Ideograph } else { Kind::Part });
            }
        }
        if self.plain.last() != Some(&b' ') {
            self.push(' ', Kind::Space);
        }
    }

    fn push(&mut self, c: char, kind: Kind) {
        self.plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.ends.push((self.plain.len(), kind));
    }

    fn read_words(&mut self) {
        let mut phrase = Phrase::new();
        let mut start = 0;
        for &(end, kind) in &self.ends {
            self.words.begin_until(start / PIECE);
            if kind != Kind::Part {
                phrase.end(&mut self.words);
            }
            if matches!(kind, Kind::Part | Kind::Ideograph) {
                self.plain[start..end].iter().for_each(|byte| phrase.push(*byte));
            }
            if kind == Kind::Ideograph {
                phrase.end(&mut self.words);
            }
            start = end;
        }
    }

    /// As for ASCII, but each byte is read once, into all grams that it stands in; then they are put in their order.
    fn read_chars(&mut self) {
        self.grid.clear();
        self.grid.resize(self.ends.len(), [(0, false); 3]);
        let (mut states, mut start) = ([FNV_START; 5], 0);
        // Which of the characters before are none but spaces, the last one first.
        let mut inner = [false; 3];
        for (at, &(end, kind)) in self.ends.iter().enumerate() {
            states = [FNV_START, states[0], states[1], states[2], states[3]];
            for &byte in &self.plain[start..end] {
                states = states.map(|state| step(state, byte));
            }
            let counts = [inner[0], inner[0] & inner[1], inner[0] & inner[1] & inner[2]];
            for more in 0..3 {
                if let Some(first) = at.checked_sub(more + 2) {
                    self.grid[first][more] = (bucket(states[more + 2]), counts[more]);
                }
            }
            inner = [kind != Kind::Space, inner[0], inner[1]];
            start = end;
        }
        let mut start = 0;
        for (grams, (end, _)) in self.grid.iter().zip(&self.ends) {
            self.chars.begin_until(start / PIECE);
            grams.iter().for_each(|(bucket, counts)| self.chars.note_bucket(*bucket, *counts));
            start = *end;
        }
    }
}

// === impl Phrase ===

impl Phrase {
    fn new() -> Self {
        Self { hashes: [FNV_START; 3], in_word: false, before: 0 }
    }

    fn push(&mut self, byte: u8) {
        self.hashes = self.hashes.map(|hash| step(hash, byte));
        self.in_word = true;
    }

    /// Ends the word being read, if there is one.
    fn end(&mut self, noted: &mut Noted) {
        if !self.in_word {
            return;
        }
        let [one, two, three] = self.hashes;
        noted.note(one, true);
        noted.note(two, self.before > 0);
        noted.note(three, self.before > 1);
        self.hashes = [FNV_START, step(one, b' '), step(two, b' ')];
        self.before = (self.before + 1).min(2);
        self.in_word = false;
    }
}

// === impl Noted ===

impl Noted {
    fn new() -> Self {
        Self {
            bits: Box::new([0; BUCKETS / 64]),
            found: Box::new([0; MOST]),
            count: 0,
            all: Box::new([0; MOST]),
            all_count: 0,
            begins: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.bits.fill(0);
        (self.count, self.all_count) = (0, 0);
        self.begins.clear();
    }

    /// Begins a piece.
    fn begin(&mut self) {
        self.begins.push(self.all_count);
    }

    /// Begins pieces up to the one of this number.
    fn begin_until(&mut self, piece: usize) {
        while self.begins.len() <= piece {
            self.begin();
        }
    }

    fn piece(&self, at: usize) -> &[u16] {
        let begin = |at: usize| self.begins.get(at).copied().unwrap_or(self.all_count);
        &self.all[begin(at)..begin(at + 1)]
    }

    fn buckets(&self) -> &[u16] {
        &self.found[..self.count]
    }

    fn note(&mut self, hash: u64, counts: bool) {
        self.note_bucket(bucket(hash), counts);
    }

    /// Notes a bucket, if it counts and is new.
    fn note_bucket(&mut self, bucket: u16, counts: bool) {
        let (word, bit) = (&mut self.bits[usize::from(bucket) / 64], u64::from(counts) << (bucket % 64));
        self.found[self.count % MOST] = bucket;
        self.count += usize::from(*word & bit != bit);
        *word |= bit;
        self.all[self.all_count % MOST] = bucket;
        self.all_count += usize::from(counts);
    }
}
