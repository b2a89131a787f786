//! Words written letter by letter become words: `i g n o r e`, `i.g.n.o.r.e`, `i-g-n-o-r-e`.
//!
//! Where one sign stands between letters, a wider gap is between words. Where there is no wider gap, words are found by the
//! vocabulary. Lists of single letters (options, variables, initials) make no words and stay.

use super::vocabulary::{LONGEST, is_language, knows};

/// Letters of the shortest run. Fewer are initials.
const SHORTEST: usize = 6;

/// Letters of a text that the vocabulary is asked about. More of them are joined without gaps.
const ASKED: usize = 8 * 1024;

/// The words of one and two letters that letters are parted into: others are met by chance.
const SHORT: [&str; 22] = [
    "a", "i", "to", "of", "is", "in", "it", "me", "my", "no", "do", "or", "as", "be", "an", "on", "we", "by", "so",
    "up", "if", "go",
];

/// A run of single letters.
struct Run {
    /// Where it ends in the text.
    end: usize,
    letters: String,
    /// Whether the run has gaps of its own, which are spaces in `letters`.
    gaps: bool,
}

/// `text`, which is folded, with such words joined; nothing where there are none.
pub(super) fn joined(text: &str) -> Option<String> {
    let mut out = String::new();
    let (mut copied, mut at, mut asked) = (0, 0, 0);
    while let Some(start) = next_single(text, at) {
        let run = run(text, start);
        at = run.end;
        if let Some(words) = words(&run, &mut asked) {
            out.push_str(&text[copied..start]);
            out.push_str(&words);
            copied = at;
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// The next letter with none beside it that is followed by a sign and another such letter.
fn next_single(text: &str, from: usize) -> Option<usize> {
    let mut before = text[..from].chars().next_back();
    for (at, c) in text[from..].char_indices() {
        let start = from + at;
        let is_joined = text.as_bytes().get(start + c.len_utf8()).is_some_and(u8::is_ascii_alphanumeric);
        if !is_joined
            && is_letter(c)
            && !before.is_some_and(super::is_letter_or_digit)
            && step(&text[start..]).is_some()
        {
            return Some(start);
        }
        before = Some(c);
    }
    None
}

fn is_letter(c: char) -> bool {
    super::is_letter(c) || matches!(c, '0' | '1' | '3' | '4' | '5' | '7' | '@' | '$' | '!')
}

/// From one letter to the next: how many bytes away it is, and what is between.
fn step(text: &str) -> Option<(usize, &str)> {
    let first = text.chars().next()?;
    let between = &text[first.len_utf8()..];
    let length = between.chars().take(4).take_while(|&c| !is_letter(c) && !c.is_numeric()).map(char::len_utf8).sum();
    let mut after = between[length..].chars();
    let is_single = after.next().is_some_and(is_letter) && !after.next().is_some_and(super::is_letter_or_digit);
    (length > 0 && is_single).then(|| (first.len_utf8() + length, &between[..length]))
}

fn run(text: &str, start: usize) -> Run {
    let mut run = Run { end: start, letters: String::new(), gaps: false };
    let usual = step(&text[start..]).map_or("", |(_, between)| between);
    loop {
        let rest = &text[run.end..];
        let letter = rest.chars().next().unwrap_or_default();
        run.letters.push(letter);
        match step(rest) {
            Some((length, between)) if between == usual => run.end += length,
            // Narrower than the first gap: that one was between words of a letter each, as in "a  i g n o r e".
            Some((length, between)) if are_spread(between, usual) => {
                run.letters.push(' ');
                run.gaps = true;
                run.end += length;
            }
            _ => {
                run.end += letter.len_utf8();
                return run;
            }
        }
    }
}

/// Whether a gap is a wider one of the same make.
fn are_spread(between: &str, usual: &str) -> bool {
    between.starts_with(usual) || between.ends_with(usual) || between.trim().is_empty() || between.contains(' ')
}

/// What a run says, unless it says nothing.
fn words(run: &Run, asked: &mut usize) -> Option<String> {
    let letters = run.letters.chars().filter(|c| *c != ' ').count();
    if letters < SHORTEST {
        return None;
    }
    if !run.letters.is_ascii() {
        return is_plausible(&run.letters).then(|| run.letters.clone());
    }
    let clear = super::leet::unmasked(&run.letters);
    if run.gaps || *asked + letters > ASKED {
        let said = is_language(&clear, 5) || (letters >= 2 * SHORTEST && is_plausible(&clear));
        return said.then_some(clear);
    }
    *asked += letters;
    let parted = parted(&clear);
    (is_language(&parted, 5) || letters >= 2 * SHORTEST && is_plausible(&clear)).then_some(parted)
}

/// Whether letters could be words of some language: vowels among consonants, and not the alphabet in its order.
fn is_plausible(letters: &str) -> bool {
    let all: Vec<char> = letters.chars().filter(|c| c.is_alphabetic()).collect();
    let ordered = all.windows(2).filter(|pair| pair[1] as u32 == pair[0] as u32 + 1 || pair[0] == pair[1]).count();
    let vowels = all.iter().filter(|c| "aeiouy".contains(**c)).count();
    let is_latin = letters.is_ascii();
    3 * ordered < all.len() && (!is_latin || vowels * 4 >= all.len() && vowels * 3 <= 2 * all.len())
}

/// Puts spaces between the words of `letters`, which are ASCII, so that the fewest letters stand in no known word.
fn parted(letters: &str) -> String {
    // The least cost of each prefix, and the length of its last word.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for end in 1..=letters.len() {
        let mut least = (best[end - 1].0 + 8, 1);
        for length in 1..=LONGEST.min(end) {
            let word = &letters[end - length..end];
            if (length > 2 || SHORT.contains(&word)) && knows(word) {
                // Long words are worth more than their parts: a word costs, whatever its length.
                least = least.min((best[end - length].0 + 3, length));
            }
        }
        best.push(least);
    }
    let (mut end, mut cuts) = (letters.len(), Vec::new());
    while end > 0 {
        let length = best[end].1;
        cuts.push(&letters[end - length..end]);
        end -= length;
    }
    cuts.reverse();
    with_gaps(&cuts)
}

/// Single letters that belong to no word stay together.
fn with_gaps(pieces: &[&str]) -> String {
    let mut out = String::new();
    let mut before = "";
    for piece in pieces {
        let loose = |piece: &str| piece.len() == 1 && !matches!(piece, "a" | "i");
        if !(out.is_empty() || loose(before) && loose(piece)) {
            out.push(' ');
        }
        out.push_str(piece);
        before = piece;
    }
    out
}
