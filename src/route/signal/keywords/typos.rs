//! Words with a letter wrong: missing, added, swapped or another.
//!
//! Two words that differ by so many typing errors have a form in common that comes of leaving out so many letters of each.
//! The forms of all words of the lists are hashed when they are compiled; those of a text's words are looked up, and what
//! is found is measured. A word begins and ends where it does without typos, and a phrase's words are one space apart, or
//! none.

use std::collections::HashMap;

use strsim::osa_distance;

use super::fold::{Class, words};
use super::forms::{LONGEST, Letters};
use super::list::Term;

/// The words and phrases that may be typed wrong.
#[derive(Debug, Default)]
pub(super) struct Typos {
    words: Vec<Word>,
    phrases: Vec<Phrase>,
    /// The forms of all words, by hash.
    forms: HashMap<u64, Vec<u32>>,
    /// A bit for each form's hash, to miss quickly.
    sieve: Vec<u64>,
    /// Letters of the shortest word that may have one and two typos, less those.
    from: [usize; 2],
    longest: usize,
}

#[derive(Debug)]
struct Word {
    text: String,
    typos: u8,
    uses: Vec<Use>,
}

/// Where a word stands.
#[derive(Debug)]
struct Use {
    phrase: u32,
    /// Its place among the phrase's words.
    place: u32,
    /// Whether there is a space before it.
    spaced: bool,
}

#[derive(Debug)]
struct Phrase {
    term: usize,
    words: u32,
}

/// How far a phrase has come: a bit for each place up to which its words stand in a row.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// Rows that end with the word before the last one seen, and those that end with it.
    before: u64,
    standing: u64,
    /// The number of the last word seen, from one.
    at: u32,
}

/// Letters from which on a word may have one wrong, and two.
const LETTERS: [usize; 2] = [5, 8];

/// So much of a text is read, in bytes: looking up each word takes longer than the automaton's pass.
const READ: usize = 64 << 10;

/// More words than fit a `u64` are not looked for with typos.
const WORDS: usize = 64;

// === impl Typos ===

impl Typos {
    /// Takes the terms that may have typos and are words and spaces only.
    pub(super) fn new(terms: &[Term]) -> Self {
        let mut typos = Self { from: [usize::MAX; 2], ..Self::default() };
        let mut known: HashMap<(&str, u8), usize> = HashMap::new();
        for (i, term) in terms.iter().enumerate().filter(|(_, term)| term.typos > 0 && is_plain(&term.text)) {
            let words: Vec<(&str, &str)> = words(&term.text).collect();
            if words.len() > WORDS {
                continue;
            }
            let phrase = typos.phrases.len() as u32;
            typos.phrases.push(Phrase { term: i, words: words.len() as u32 });
            for (place, (gap, text)) in words.into_iter().enumerate() {
                let allowed = allowed(text, term.typos);
                let word = *known.entry((text, allowed)).or_insert_with(|| {
                    typos.words.push(Word { text: text.into(), typos: allowed, uses: Vec::new() });
                    typos.words.len() - 1
                });
                typos.words[word].uses.push(Use { phrase, place: place as u32, spaced: !gap.is_empty() });
            }
        }
        typos.hash();
        typos
    }

    fn hash(&mut self) {
        for (i, word) in self.words.iter().enumerate() {
            let letters = Letters::of(&word.text);
            for typos in 1..=usize::from(word.typos) {
                self.from[typos - 1] = self.from[typos - 1].min(letters.count - typos);
            }
            self.longest = self.longest.max(letters.count + usize::from(word.typos));
            letters.forms(word.typos.into(), |form| {
                let words = self.forms.entry(form).or_default();
                if words.last() != Some(&(i as u32)) {
                    words.push(i as u32);
                }
            });
        }
        if !self.forms.is_empty() {
            // Sixteen bits a form let one in sixteen of the others through.
            let bits = (self.forms.len() * 16).next_power_of_two().clamp(1 << 12, 1 << 23);
            self.sieve = vec![0; bits / 64];
            for form in self.forms.keys() {
                let (place, bit) = sieved(*form, self.sieve.len());
                self.sieve[place] |= bit;
            }
        }
    }

    /// Gives `found` each term that stands in `text`, which is folded.
    pub(super) fn search(&self, text: &str, mut found: impl FnMut(usize)) {
        if self.forms.is_empty() {
            return;
        }
        let text = beginning(text);
        let mut progress: Vec<Progress> = Vec::new();
        let mut like = Vec::new();
        for (at, (gap, word)) in words(text).enumerate() {
            self.like(word, &mut like);
            for &word in &like {
                for &Use { phrase, place, spaced } in &self.words[word as usize].uses {
                    let Phrase { term, words } = self.phrases[phrase as usize];
                    if words > 1 && progress.is_empty() {
                        progress.resize(self.phrases.len(), Progress::default());
                    }
                    let follows = gap == if spaced { " " } else { "" };
                    if words == 1 || progress[phrase as usize].step(at as u32, follows, place, words) {
                        found(term);
                    }
                }
            }
        }
    }

    /// The words that `typed` may be meant for, each once, the later places of a phrase before the earlier.
    fn like(&self, typed: &str, like: &mut Vec<u32>) {
        like.clear();
        // Bytes are never fewer than letters; so most words are passed over without counting.
        if typed.len() > LONGEST * 4 {
            return;
        }
        let letters = Letters::of(typed);
        if letters.count > self.longest || letters.count > LONGEST {
            return;
        }
        let deepest = self.from.iter().filter(|from| letters.count >= **from).count();
        letters.forms(deepest, |form| {
            let (place, bit) = sieved(form, self.sieve.len());
            if self.sieve[place] & bit != 0 {
                like.extend(self.forms.get(&form).into_iter().flatten());
            }
        });
        like.sort_unstable();
        like.dedup();
        like.retain(|word| {
            let word = &self.words[*word as usize];
            osa_distance(typed, &word.text) <= usize::from(word.typos)
        });
    }
}

/// How many letters of a word may be wrong.
fn allowed(word: &str, typos: u8) -> u8 {
    let letters = word.chars().count();
    let by_length = LETTERS.iter().filter(|from| letters >= **from && letters <= LONGEST).count();
    typos.min(by_length as u8)
}

/// Whether a term is words with a space between, so that nothing is lost by looking at its words.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || Class::of(c) != Class::Mark)
}

/// So much of a text as is read, without a word that would be cut.
fn beginning(text: &str) -> &str {
    if text.len() <= READ {
        return text;
    }
    text[..text.floor_char_boundary(READ)].trim_end_matches(|c| Class::of(c) != Class::Mark)
}

/// Where a hash's bit stands in a sieve of so many words, a power of two.
fn sieved(hash: u64, words: usize) -> (usize, u64) {
    let mixed = (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 32) as usize & (words - 1), 1 << (mixed >> 26 & 63))
}

// === impl Progress ===

impl Progress {
    /// The word at `at`, which may `follow` the one before it, stands for the one at `place`; whether the phrase is complete
    /// with it.
    fn step(&mut self, at: u32, follows: bool, place: u32, words: u32) -> bool {
        if self.at != at + 1 {
            let is_next = self.at == at && at > 0;
            self.before = if is_next { self.standing } else { 0 };
            self.standing = 0;
            self.at = at + 1;
        }
        let stands = place == 0 || follows && self.before >> (place - 1) & 1 == 1;
        self.standing |= u64::from(stands) << place;
        stands && place + 1 == words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(terms: &[(&str, u8)], text: &str) -> Vec<usize> {
        let terms: Vec<_> =
            terms.iter().map(|(text, typos)| Term { text: text.to_string(), typos: *typos, parts: false }).collect();
        let mut found = Vec::new();
        Typos::new(&terms).search(text, |term| found.push(term));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn long_words_may_have_a_letter_wrong_and_short_ones_not() {
        for typed in ["refund", "refnd", "refunds", "erfund", "rafund", "refudn"] {
            assert_eq!(found(&[("refund", 1)], typed), [0], "{typed}");
        }
        for typed in ["refnds", "fund", "rfnd", "re fund", "reefunds"] {
            assert!(found(&[("refund", 1)], typed).is_empty(), "{typed}");
        }
        assert_eq!(found(&[("join", 1)], "join"), [0]);
        assert!(found(&[("join", 1)], "jion").is_empty());
        assert!(found(&[("refund", 2)], "rfnd").is_empty(), "two only from eight letters on");
        assert_eq!(found(&[("database", 2)], "databsae and datbas"), [0]);
        assert_eq!(found(&[("überweisung", 1)], "die überwiesung"), [0]);
    }

    #[test]
    fn phrases_are_words_in_a_row() {
        let terms = [("reset my password", 1), ("password reset", 1), ("my my password", 1)];
        assert_eq!(found(&terms, "please rest my pasword"), [0]);
        assert_eq!(found(&terms, "please reset the password"), Vec::<usize>::new());
        assert_eq!(found(&terms, "pasword reset, my my passwrod reset"), [1, 2]);
        assert_eq!(found(&terms, "my password my"), Vec::<usize>::new());
        assert_eq!(found(&terms, "please rest, my pasword"), Vec::<usize>::new());
    }

    #[test]
    fn words_end_where_they_do_without_typos() {
        for whole in ["refnd", "(refnd)", "a refnd?", "请refnd吗"] {
            assert_eq!(found(&[("refund", 1)], whole), [0], "{whole}");
        }
        for part in ["my_refund", "refund_id", "refnd2you", "éérefnd"] {
            assert!(found(&[("refund", 1)], part).is_empty(), "{part}");
        }
        assert_eq!(found(&[("inner_join", 1), ("用refund", 1), ("用 refund", 1)], "inner_jion 用refnd"), [0, 1]);
    }

    #[test]
    fn the_index_finds_what_measuring_every_word_finds() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut word =
            |least: usize| -> String { (0..random.usize(least..12)).map(|_| random.char('a'..='d')).collect() };
        let vocabulary: Vec<String> = (0..60).map(|_| word(2)).collect();
        let terms: Vec<(&str, u8)> = vocabulary.iter().enumerate().map(|(i, word)| (&**word, i as u8 % 3)).collect();
        for _ in 0..400 {
            let typed = word(1);
            let mut wanted: Vec<usize> = terms
                .iter()
                .enumerate()
                .filter(|(_, (text, typos))| {
                    *typos > 0 && osa_distance(&typed, text) <= usize::from(allowed(text, *typos))
                })
                .map(|(i, _)| i)
                .collect();
            wanted.sort_unstable();
            assert_eq!(found(&terms, &typed), wanted, "{typed}");
        }
    }

    #[test]
    fn no_word_is_cut_where_reading_ends() {
        let text = |more: &str| format!("{}refnd{more}", " ".repeat(READ - 5));
        assert_eq!(found(&[("refund", 1)], &text("")), [0]);
        assert!(found(&[("refund", 1)], &text("ing")).is_empty());
    }

    #[test]
    fn long_and_strange_words_do_no_harm() {
        let long = "x".repeat(500);
        assert!(found(&[("refund", 1), (&long, 2)], &long).is_empty());
        assert!(found(&[("select *", 1)], "select").is_empty(), "signs are never left out");
        assert!(found(&[("refund", 1)], &"日本語".repeat(100)).is_empty());
    }
}
