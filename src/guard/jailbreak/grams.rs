//! Hashed word and character n-grams, and the linear model over them.
//!
//! Read from the folded view: digits are all `0` and runs of white space one space. Words are runs of letters and digits,
//! and each Chinese or Japanese character is one of its own; they give grams of one to three. Characters give grams of
//! three to five within a piece between spaces, padded by a space on either side. Each is hashed (FNV-1a, then a multiply
//! and a shift) into one of 2^16 buckets of its table, and counts once a segment.
//!
//! Each segment is weighed whole, and so are each two neighbouring pieces of it, in which a gram counts as often as it
//! stands. What is read once serves both.

mod read;

use std::ops::Add;

use self::read::Reader;

/// Buckets of a table.
pub const BUCKETS: usize = 1 << 16;

/// Bytes of a segment. One attack in a long text would drown if the whole text were read at once.
const SEGMENT: usize = 768;

/// What two neighbouring segments share.
const OVERLAP: usize = 96;

/// The buckets of a segment, each once, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// Buckets of words.
    pub words: Vec<u16>,
    /// Buckets of characters.
    pub chars: Vec<u16>,
    /// Both of each piece, as often as they stand there.
    pub pieces: Vec<(Vec<u16>, Vec<u16>)>,
}

/// The weights of a bucket, a table each.
#[derive(Debug)]
pub(crate) struct Grams {
    pub(crate) words: Box<[i8]>,
    pub(crate) chars: Box<[i8]>,
    pub(crate) scale: [f32; 2],
    pub(crate) bias: f32,
}

/// The highest logits of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Logits {
    /// Of a segment.
    pub(crate) wide: f32,
    /// Of two neighbouring pieces of one: an attack in few words does not drown in what stands around it.
    pub(crate) near: f32,
}

/// The features of a folded text, segment by segment.
pub(crate) fn features(folded: &str) -> Vec<Features> {
    let mut reader = Reader::new();
    let read = |segment| {
        reader.read(segment);
        reader.features()
    };
    segments(folded).map(read).collect()
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

// === impl Grams ===

impl Grams {
    /// The highest logits of all segments, and of all small ones, of all `views`.
    pub(crate) fn logits<'a>(&self, views: impl Iterator<Item = &'a str>) -> Logits {
        let mut reader = Reader::new();
        let mut highest = Logits { wide: f32::NEG_INFINITY, near: f32::NEG_INFINITY };
        let mut first = "";
        for (nth, view) in views.enumerate() {
            // A view that begins as the first one does has the same segments there.
            let same = segments(view).zip(segments(first)).take_while(|(one, other)| nth > 0 && one == other).count();
            first = if nth == 0 { view } else { first };
            for segment in segments(view).skip(same) {
                reader.read(segment);
                highest.wide = highest.wide.max(self.weigh(&reader));
                highest.near = highest.near.max(self.weigh_near(&reader));
            }
        }
        let known = |logit: f32| if logit.is_finite() { logit } else { self.bias };
        Logits { wide: known(highest.wide), near: known(highest.near) }
    }

    /// The highest logit of two neighbouring pieces, or of the only one.
    fn weigh_near(&self, reader: &Reader) -> f32 {
        let mut highest = f32::NEG_INFINITY;
        let mut before: Option<[Sum; 2]> = None;
        for [words, chars] in reader.pieces() {
            let piece = [Sum::of(&self.words, words), Sum::of(&self.chars, chars)];
            if let Some(before) = before {
                highest = highest.max(self.near(before[0] + piece[0], before[1] + piece[1]));
            }
            before = Some(piece);
        }
        match before {
            Some([words, chars]) if highest.is_infinite() => self.near(words, chars),
            _ => highest,
        }
    }

    fn near(&self, words: Sum, chars: Sum) -> f32 {
        self.bias + self.scale[0] * words.mean() + self.scale[1] * chars.mean()
    }

    fn weigh(&self, reader: &Reader) -> f32 {
        self.bias
            + self.scale[0] * mean(&self.words, reader.words())
            + self.scale[1] * mean(&self.chars, reader.chars())
    }
}

/// Weights and their number.
#[derive(Debug, Clone, Copy)]
struct Sum {
    weight: i32,
    count: usize,
}

/// The sum of the weights over the root of their number, so that a long segment does not outweigh a short one.
fn mean(weights: &[i8], buckets: &[u16]) -> f32 {
    Sum::of(weights, buckets).mean()
}

// === impl Sum ===

impl Sum {
    fn of(weights: &[i8], buckets: &[u16]) -> Self {
        let weight = buckets.iter().map(|&bucket| i32::from(weights[usize::from(bucket)])).sum();
        Self { weight, count: buckets.len() }
    }

    fn mean(self) -> f32 {
        if self.count == 0 { 0.0 } else { self.weight as f32 / (self.count as f32).sqrt() }
    }
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { weight: self.weight + other.weight, count: self.count + other.count }
    }
}

#[cfg(test)]
mod tests {
    use super::read::{bucket, hash};
    use super::*;

    fn words(text: &str) -> Vec<u16> {
        features(text).swap_remove(0).words
    }

    #[test]
    fn hashes_are_fnv() {
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(words("a"), [bucket(0xaf63_dc4c_8601_ec8c)]);
    }

    #[test]
    fn words_give_grams_of_one_to_three() {
        assert_eq!(words("one two three").len(), 6);
        assert_eq!(words("one, two;\n three"), words("one two three"));
        assert_eq!(words("go go go go").len(), 3);
        assert_eq!(words("忽略").len(), 3);
        assert_eq!(words("room 12"), words("room 34"));
    }

    #[test]
    fn characters_give_grams_within_their_piece() {
        let chars = |text: &str| features(text).swap_remove(0).chars;
        // " ab", "ab ", " ab "
        assert_eq!(chars("ab").len(), 3);
        assert_eq!(chars("ab  cd").len(), 6);
        assert_eq!(chars("ab ab"), chars("ab"));
    }

    #[test]
    fn segments_cover_the_text_and_overlap() {
        let text = "word ".repeat(1000);
        let all: Vec<&str> = segments(&text).collect();
        assert!(all.len() > 5 && all.iter().all(|segment| segment.len() <= SEGMENT));
        let covered: usize = all.iter().map(|segment| segment.len()).sum();
        assert!(covered >= text.len() + (all.len() - 1) * (OVERLAP - 8));
        let wide = "語".repeat(2000);
        assert!(segments(&wide).all(|segment| segment.len() <= SEGMENT + 3));
        assert_eq!(segments("").count(), 1);
    }

    #[test]
    fn the_highest_segment_counts() {
        let mut words = vec![0; BUCKETS];
        words[usize::from(bucket(hash(b"bad")))] = 100;
        let grams = Grams { words: words.into(), chars: vec![0; BUCKETS].into(), scale: [0.1, 1.0], bias: -1.0 };
        let long = "fine ".repeat(600) + "bad";
        let wide = |view: &str| grams.logits([view].into_iter()).wide;
        assert!(wide("fine") == -1.0 && wide(&long) > -1.0);
        assert_eq!(grams.logits(["fine", "bad"].into_iter()).wide, 9.0);
    }

    #[test]
    fn a_few_words_weigh_more_in_pieces() {
        let mut words = vec![0; BUCKETS];
        words[usize::from(bucket(hash(b"bad")))] = 100;
        let grams = Grams { words: words.into(), chars: vec![0; BUCKETS].into(), scale: [0.1, 1.0], bias: -1.0 };
        let logits = |view: &str| grams.logits([view].into_iter());
        let alphabet = || (0..26u8).map(|letter| char::from(b'a' + letter));
        let [around, more] =
            [3, 5].map(|length| alphabet().map(|c| c.to_string().repeat(length) + " ").collect::<String>());
        let drowned = logits(&format!("{around} bad {more}"));
        assert!(drowned.near > drowned.wide, "{drowned:?}");
        assert_eq!(logits("bad"), Logits { wide: 9.0, near: 9.0 });
        assert_eq!(logits(&around), Logits { wide: -1.0, near: -1.0 });
        assert_eq!(logits(""), Logits { wide: -1.0, near: -1.0 });
    }

    #[test]
    fn pieces_hold_every_gram_as_often_as_it_stands() {
        for text in ["one two ".repeat(80), "один two 語 ".repeat(40)] {
            for Features { words, chars, pieces } in features(&text) {
                let mut all: [Vec<u16>; 2] = Default::default();
                for (words, chars) in &pieces {
                    all[0].extend(words);
                    all[1].extend(chars);
                }
                assert!(pieces.len() > 5, "{text}");
                assert!(all[0].len() > 4 * words.len() && all[1].len() > 4 * chars.len(), "{text}");
                for (all, once) in all.iter_mut().zip([words, chars]) {
                    let mut once = once.clone();
                    once.sort_unstable();
                    all.sort_unstable();
                    all.dedup();
                    assert_eq!(*all, once);
                }
            }
        }
    }
}
