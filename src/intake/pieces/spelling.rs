//! How a text is spelled in JSON: what its escapes stand for, where in the body each of its letters is written, and how
//! another text is written there.

use std::borrow::Cow;
use std::ops::Range;

/// A string without its escapes.
#[derive(Debug)]
pub(super) struct Decoded<'t> {
    pub(super) text: Cow<'t, str>,
    /// Behind each escape, the place in the text and in its spelling. Up to the next one, both go on alike.
    steps: Vec<(usize, usize)>,
    /// Where the text has a replacement for half of a surrogate pair, which no text can hold.
    halves: Vec<usize>,
}

/// Where a text is spelled: in the body, or within a string that is spelled itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'s> {
    start: usize,
    within: Option<(&'s Source<'s>, &'s Decoded<'s>)>,
}

/// The text as the inside of a JSON string.
pub(super) fn escaped(text: &str) -> String {
    let mut quoted = quoted(text);
    quoted.pop();
    quoted.remove(0);
    quoted
}

/// The text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

// === impl Decoded ===

impl<'t> Decoded<'t> {
    /// What `spelled`, the inside of a JSON string, stands for. In other text, a backslash that begins no escape is one.
    pub(super) fn of(spelled: &'t str) -> Self {
        let Some(first) = memchr::memchr(b'\\', spelled.as_bytes()) else {
            return Self { text: spelled.into(), steps: Vec::new(), halves: Vec::new() };
        };
        let mut text = String::with_capacity(spelled.len());
        let (mut steps, mut halves) = (Vec::new(), Vec::new());
        let (mut done, mut next) = (0, Some(first));
        while let Some(at) = next {
            text.push_str(&spelled[done..at]);
            let (letter, length) = escape(&spelled[at..]);
            if letter.is_none() {
                halves.push(text.len());
            }
            text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
            done = at + length;
            steps.push((text.len(), done));
            next = memchr::memchr(b'\\', &spelled.as_bytes()[done..]).map(|found| done + found);
        }
        text.push_str(&spelled[done..]);
        Self { text: text.into(), steps, halves }
    }

    /// Whether all of it can be told.
    pub(super) fn is_sound(&self) -> bool {
        self.halves.is_empty()
    }

    /// The parts of the text that can be told.
    pub(super) fn sound(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.halves.iter().map(|at| at + char::REPLACEMENT_CHARACTER.len_utf8()));
        let ends = self.halves.iter().copied().chain([self.text.len()]);
        starts.zip(ends).map(|(start, end)| start..end)
    }

    /// The parts of the text that are spelled without escapes.
    pub(super) fn plain(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.steps.iter().map(|(behind, _)| *behind));
        let before = |behind: usize| behind - self.text[..behind].chars().next_back().map_or(0, char::len_utf8);
        let ends = self.steps.iter().map(move |(behind, _)| before(*behind)).chain([self.text.len()]);
        starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty())
    }

    /// Where the letter at `at` of the text is spelled, or what comes behind the last one.
    fn place(&self, at: usize) -> usize {
        let behind = self.steps.partition_point(|(text, _)| *text <= at);
        let (text, spelled) = behind.checked_sub(1).map_or((0, 0), |last| self.steps[last]);
        spelled + (at - text)
    }
}

/// What the escape that `text` begins with stands for, and its length. None is half of a surrogate pair.
fn escape(text: &str) -> (Option<char>, usize) {
    let unit = |text: &str| text.strip_prefix("\\u").and_then(|rest| u16::from_str_radix(rest.get(..4)?, 16).ok());
    let Some(first) = unit(text) else {
        let meant = match text.as_bytes().get(1) {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(other @ (b'"' | b'\\' | b'/')) => char::from(*other),
            _ => return (Some('\\'), 1),
        };
        return (Some(meant), 2);
    };
    let pair = [first, text.get(6..).and_then(unit).unwrap_or_default()];
    match (char::from_u32(first.into()), char::decode_utf16(pair).next()) {
        (Some(letter), _) => (Some(letter), 6),
        (None, Some(Ok(letter))) => (Some(letter), 12),
        _ => (None, 6),
    }
}

// === impl Source ===

impl<'s> Source<'s> {
    /// Of a text that stands in the body from `start` on.
    pub(super) fn of(start: usize) -> Self {
        Self { start, within: None }
    }

    /// Of the text that begins `at` bytes later.
    pub(super) fn from(self, at: usize) -> Self {
        Self { start: self.start + at, ..self }
    }

    /// Of the text that `decoded` has, whose spelling stands here.
    pub(super) fn inside(&'s self, decoded: &'s Decoded<'s>) -> Self {
        Self { start: 0, within: Some((self, decoded)) }
    }

    /// How many strings it stands in.
    pub(super) fn depth(&self) -> u8 {
        self.within.map_or(0, |(outer, _)| outer.depth() + 1)
    }

    /// Where in the body that is which stands `at` bytes behind its beginning.
    pub(super) fn place(&self, at: usize) -> usize {
        match self.within {
            None => self.start + at,
            Some((outer, decoded)) => outer.place(decoded.place(self.start + at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_letters_whose_place_is_known() {
        let spelled = r#"a\n\u00e9\ud83d\uDE00\"\\\/\u0040é\b\f\r\tz"#;
        let decoded = Decoded::of(spelled);
        assert_eq!(decoded.text, serde_json::from_str::<String>(&format!("\"{spelled}\"")).unwrap());
        for (at, letter) in decoded.text.char_indices() {
            let place = decoded.place(at)..decoded.place(at + letter.len_utf8());
            let read: String = serde_json::from_str(&format!("\"{}\"", &spelled[place])).unwrap();
            assert_eq!(read, letter.to_string());
        }
        assert_eq!(decoded.place(decoded.text.len()), spelled.len());
    }

    #[test]
    fn half_a_pair_stands_apart() {
        let decoded = Decoded::of(r"a\ud83db\ude00\ud83d\u0041");
        assert_eq!(decoded.text, "a\u{fffd}b\u{fffd}\u{fffd}A");
        let sound: Vec<&str> = decoded.sound().map(|range| &decoded.text[range]).collect();
        assert_eq!(sound, ["a", "b", "", "A"]);
        assert!(!decoded.is_sound() && Decoded::of(r"\n").is_sound());
    }

    #[test]
    fn a_text_in_strings_in_strings_has_its_place_in_the_body() {
        let inner = r#"["x\ny"]"#;
        let body = quoted(&quoted(inner));
        let whole = Source::of(1);
        let first = Decoded::of(&body[1..body.len() - 1]);
        let in_first = whole.inside(&first).from(1);
        let second = Decoded::of(&first.text[1..first.text.len() - 1]);
        let in_second = in_first.inside(&second);
        assert_eq!((&*second.text, in_second.depth()), (inner, 2));
        let place = |part: &str| {
            let at = second.text.find(part).unwrap();
            &body[in_second.place(at)..in_second.place(at + part.len())]
        };
        assert_eq!((place("x"), place(r"\n"), place("y\"]")), ("x", r"\\\\n", r#"y\\\"]"#));
    }

    #[test]
    fn what_is_no_json_is_read_to_its_end() {
        for (broken, read) in
            [(r"a\", r"a\"), (r"\u12", r"\u12"), (r"\ud83d\", "\u{fffd}\\"), (r"\é", r"\é"), (r"\d\n", "\\d\n")]
        {
            assert_eq!(Decoded::of(broken).text, read);
        }
        let decoded = Decoded::of(r"a\\b\n\u00e9c\t");
        assert_eq!(decoded.plain().map(|range| &decoded.text[range]).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
