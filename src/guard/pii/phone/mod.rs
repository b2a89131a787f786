//! Telephone numbers.
//!
//! With `+` and a calling code a number stands alone. Of the national ways of writing one, those that hardly anything
//! else shares do, such as (415) 555-0132 or 06 12 34 56 78; others, and bare digits, take a word that announces them.
//! Numbers that nobody was given, as 555 numbers are, count as well: to mask one harms nobody, to miss one does.

mod codes;
mod forms;

use self::forms::Form;
use super::patterns::Candidate;
use super::scan::{self, Group, joins};
use super::words::List;
use crate::guard::finding::Strength;

/// The most digits in a row, blocks of digits, and bytes that a number has.
const DIGITS: usize = 18;
const BLOCKS: usize = 8;
/// The most blocks of one digit: a country, and what is dialled before the number.
const SINGLES: usize = 2;
/// The least digits of a number that can be found.
const LEAST: usize = 7;

/// The scores of numbers that a loose word may speak for, and what they have then.
const LIKELY: f32 = 0.3;
const SURE: f32 = 0.5;
const LOOSELY: f32 = 0.55;

/// A number being read: its digits, and its form with a count for each block of digits, such as `(3) 3-4`.
struct Written {
    digits: Vec<u8>,
    form: Vec<u8>,
    /// Where it may end, with how many digits and how much of the form it then has.
    cuts: Vec<Cut>,
}

#[derive(Clone, Copy)]
struct Cut {
    end: usize,
    digits: usize,
    form: usize,
}

/// The numbers in `text`.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    let mut written = Written { digits: Vec::new(), form: Vec::new(), cuts: Vec::new() };
    let mut free = 0;
    for (at, group) in groups.iter().enumerate() {
        if !group.first.is_ascii_digit() || group.start() < free || !has_digits(&groups[at..]) {
            continue;
        }
        let start = opened(text, group.start()).max(free);
        written.read(text, start);
        if let Some(candidate) = written.number(text, start) {
            free = candidate.range.end;
            // Words that other numbers have as well speak only for what is written as telephone numbers are.
            if (LIKELY..SURE).contains(&candidate.alone) {
                let scores = (candidate.alone, LOOSELY);
                found.push(Candidate::of(List::PhoneLoosely, candidate.range.clone(), Strength::Form, scores));
            }
            found.push(candidate);
        }
    }
}

/// Whether the first of `groups`, as many as a number may take up, have digits enough for one.
fn has_digits(groups: &[Group]) -> bool {
    let mut digits = 0;
    groups.iter().take(BLOCKS).any(|group| {
        digits += usize::from(group.digits);
        digits >= LEAST
    })
}

/// Where the number begins whose first digit is at `at`: with a bracket, a plus, or both.
fn opened(text: &str, at: usize) -> usize {
    let before = &text[..at];
    for opening in ["+(", "(+", "+", "("] {
        if let Some(rest) = before.strip_suffix(opening) {
            // What a bracket or a plus follows directly is a call or a sum.
            let is_free = !rest.ends_with(|c| joins(c) || c == ')' || c == '+') || scan::ends_escaped(rest);
            return if is_free { rest.len() } else { at };
        }
    }
    at
}

// === impl Written ===

impl Written {
    /// Reads what could be a number from `start` on.
    fn read(&mut self, text: &str, start: usize) {
        self.digits.clear();
        self.form.clear();
        self.cuts.clear();
        let bytes = text.as_bytes();
        let (mut at, mut blocks, mut singles) = (start, 0, 0);
        while let Some(sign @ (b'+' | b'(')) = bytes.get(at) {
            self.form.push(*sign);
            at += 1;
        }
        while blocks < BLOCKS {
            let count = bytes[at..].iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
            singles += usize::from(count == 1);
            if count == 0 || singles > SINGLES || self.digits.len() + count > DIGITS {
                return;
            }
            self.digits.extend(bytes[at..at + count].iter().map(|byte| byte - b'0'));
            self.form.push(if count < 10 { b'0' + count as u8 } else { b'a' + (count - 10) as u8 });
            (at, blocks) = (at + count, blocks + 1);
            self.cuts.push(Cut { end: at, digits: self.digits.len(), form: self.form.len() });
            at = self.separator(bytes, at);
        }
    }

    /// Reads what parts two blocks, and tells where the next one begins.
    fn separator(&mut self, bytes: &[u8], mut at: usize) -> usize {
        for _ in 0..3 {
            let Some(sign @ (b' ' | b'-' | b'.' | b'/' | b'(' | b')')) = bytes.get(at) else { break };
            self.form.push(*sign);
            at += 1;
        }
        at
    }

    /// The surest of its beginnings that is a number, and of those the longest.
    fn number(&self, text: &str, start: usize) -> Option<Candidate> {
        if self.digits.len() < LEAST {
            return None;
        }
        let mut best: Option<Candidate> = None;
        for cut in self.cuts.iter().rev().take_while(|cut| cut.digits >= LEAST) {
            let end = cut.end + extension(&text[cut.end..]);
            if end == cut.end && !scan::ends(text, end) {
                continue;
            }
            let form = std::str::from_utf8(&self.form[..cut.form]).unwrap_or_default();
            let number = Form { form, digits: &self.digits[..cut.digits], is_extended: end > cut.end };
            let scores = number.scores().filter(|(alone, _)| best.as_ref().is_none_or(|best| *alone > best.alone));
            best = scores.map(|scores| Candidate::of(List::Phone, start..end, Strength::Form, scores)).or(best);
        }
        best
    }
}

/// How many bytes of `text` are an extension: `x12`, `ext. 12`, `#12`.
fn extension(text: &str) -> usize {
    let bytes = &text.as_bytes()[..text.len().min(24)];
    let skip =
        |at: usize, signs: &[u8]| at + bytes[at..].iter().take(2).take_while(|byte| signs.contains(byte)).count();
    let at = skip(0, b" ,");
    let mark = ["extension", "extn", "ext", "x", "#"]
        .into_iter()
        .find(|mark| bytes[at..].get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes())));
    let Some(mark) = mark else { return 0 };
    let at = skip(at + mark.len(), b".: ");
    let count = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=6).contains(&count) && scan::ends(text, at + count) { at + count } else { 0 }
}

#[cfg(test)]
mod tests;
