//! A text's tokens, and the windows on them that the model reads.

use std::iter;
use std::ops::Range;

use tokenizers::Tokenizer;

use super::ClassifyError;
use super::config::Size;

/// Tokens of a window at most, the marks included: attention costs the square of them, and published classifiers were
/// trained on no more.
const MAX_TOKENS: usize = 512;

/// Tokens that two windows share, so that what a border cuts through is whole in one of them.
const OVERLAP: usize = 32;

/// Bytes of a token at most, on average, of what is tokenized: a bound on the work, well above what any prose has.
const TOKEN_BYTES: usize = 32;

/// Bytes before a cut in which white space is looked for.
const WORD_BYTES: usize = 256;

/// Makes tokens of texts.
pub(super) struct Reader {
    tokenizer: Tokenizer,
    /// The marks at a window's beginning and at its end.
    marks: [Vec<u32>; 2],
    /// Tokens of a window without marks.
    capacity: usize,
    /// Of which so many are the next window's, too.
    overlap: usize,
    /// A short text's.
    sample: Vec<u32>,
}

/// A text as the model reads it.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Its tokens, without marks.
    pub(super) ids: Vec<u32>,
    /// The bytes that each of them is made of.
    pub(super) offsets: Vec<Range<usize>>,
    /// The tokens of each window.
    pub(super) windows: Vec<Range<usize>>,
    /// Bytes at its end that no window holds, but for white space around them.
    pub(super) unread: usize,
}

// === impl Reader ===

impl Reader {
    /// A reader with the tokenizer that `json` describes, for a model of `size`; the error says what is wrong with it.
    pub(super) fn new(json: &[u8], size: Size) -> Result<Self, String> {
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(|error| error.to_string())?;
        // Published tokenizers carry whatever cut and padding they were last saved with.
        tokenizer.with_padding(None).with_truncation(None).map_err(|error| error.to_string())?;
        if let Some((token, id)) = tokenizer.get_vocab(true).iter().max_by_key(|(_, id)| **id)
            && *id as usize >= size.vocabulary
        {
            let known = size.vocabulary;
            return Err(format!(
                "its token {token:?} has the id {id}, and config.json says that vocab_size is {known}"
            ));
        }
        let sample = tokenizer.encode("a", true).map_err(|error| error.to_string())?;
        if sample.get_special_tokens_mask().iter().all(|mask| *mask == 1) {
            return Err("it makes no token of a letter".into());
        }
        let is_mark = |id: &(&u32, &u32)| *id.1 == 1;
        let ids = || sample.get_ids().iter().zip(sample.get_special_tokens_mask());
        let first: Vec<u32> = ids().take_while(is_mark).map(|id| *id.0).collect();
        let mut last: Vec<u32> = ids().skip(first.len()).rev().take_while(is_mark).map(|id| *id.0).collect();
        last.reverse();
        let limit = MAX_TOKENS.min(size.positions);
        let capacity = limit.saturating_sub(first.len() + last.len());
        if capacity == 0 {
            return Err(format!("its marks leave no room in the {limit} tokens that the model reads"));
        }
        let sample = sample.get_ids().to_vec();
        Ok(Self { tokenizer, marks: [first, last], capacity, overlap: OVERLAP.min(capacity / 4), sample })
    }

    /// The tokens of a short text, marks included.
    pub(super) fn sample(&self) -> &[u32] {
        &self.sample
    }

    /// `ids` with the marks around them.
    pub(super) fn marked(&self, ids: &[u32]) -> Vec<u32> {
        let [first, last] = &self.marks;
        [first, ids, last].concat()
    }

    /// How many marks stand before a window's tokens.
    pub(super) fn marks_before(&self) -> usize {
        self.marks[0].len()
    }

    /// The first `at_most` windows on `text`. Tokenizes it once, and no more of it than so many windows can hold of all
    /// but the oddest texts.
    pub(super) fn read(&self, text: &str, at_most: usize) -> Result<Reading, ClassifyError> {
        let head = head(text, at_most.saturating_mul(self.capacity).saturating_mul(TOKEN_BYTES));
        // Its message may hold the text.
        let tokens = self.tokenizer.encode(head, false).map_err(|_| ClassifyError::Tokenizer)?;
        let offsets: Vec<_> = tokens.get_offsets().iter().map(|&(start, end)| start..end).collect();
        let windows: Vec<_> = windows(offsets.len(), self.capacity, self.overlap).take(at_most).collect();
        let read = windows.last().map_or(0, |window| window.end);
        let end = match read.checked_sub(1) {
            _ if read == offsets.len() => head.len(),
            Some(last) => offsets[last].end,
            None => 0,
        };
        let unread = text.get(end..).map_or(0, |rest| rest.trim().len());
        Ok(Reading { ids: tokens.get_ids().to_vec(), offsets, windows, unread })
    }
}

// === impl Reading ===

impl Reading {
    /// The tokens of which the window `number` decides: of those that it shares with a neighbour, the half that lies
    /// further within it.
    pub(super) fn decided(&self, number: usize) -> Range<usize> {
        let Some(window) = self.windows.get(number) else { return 0..0 };
        let seam = |before: &Range<usize>, after: &Range<usize>| after.start + (before.end - after.start) / 2;
        let before = number.checked_sub(1).and_then(|before| self.windows.get(before));
        let start = before.map_or(window.start, |before| seam(before, window));
        let end = self.windows.get(number + 1).map_or(window.end, |after| seam(window, after));
        start..end
    }
}

/// Windows of at most `capacity` on all of `tokens`; neighbours share `overlap`, which is less.
fn windows(tokens: usize, capacity: usize, overlap: usize) -> impl Iterator<Item = Range<usize>> {
    let first = (tokens > 0).then(|| 0..tokens.min(capacity));
    iter::successors(first, move |last| {
        (last.end < tokens).then(|| last.end - overlap..tokens.min(last.end - overlap + capacity))
    })
}

/// At most `bytes` of `text`, cut behind white space where there is some near.
fn head(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let cut = &text[..text.floor_char_boundary(bytes)];
    let near = cut.ceil_char_boundary(cut.len().saturating_sub(WORD_BYTES));
    match cut[near..].rfind(char::is_whitespace) {
        Some(space) => &cut[..near + space],
        None => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_everything_and_overlap() {
        let all = |tokens| windows(tokens, 10, 2).map(|window| (window.start, window.end)).collect::<Vec<_>>();
        assert_eq!(all(0), []);
        assert_eq!(all(10), [(0, 10)]);
        assert_eq!(all(11), [(0, 10), (8, 11)]);
        assert_eq!(all(26), [(0, 10), (8, 18), (16, 26)]);
    }

    #[test]
    fn each_token_is_decided_once() {
        for overlap in 0..5 {
            let windows = windows(57, 13, overlap).collect();
            let reading = Reading { windows, ..Reading::default() };
            let decided: Vec<usize> = (0..reading.windows.len()).flat_map(|number| reading.decided(number)).collect();
            assert_eq!(decided, (0..57).collect::<Vec<_>>());
            assert!((0..reading.windows.len()).all(|number| {
                let (decided, window) = (reading.decided(number), &reading.windows[number]);
                window.start <= decided.start && decided.end <= window.end
            }));
        }
    }

    #[test]
    fn a_cut_spares_words_and_characters() {
        assert_eq!(head("one two three", 13), "one two three");
        assert_eq!(head("one two three", 9), "one two");
        assert_eq!(head("字字字", 7), "字字");
        assert_eq!(head("one two", 0), "");
        let long = "x".repeat(1000);
        assert_eq!(head(&format!("one {long}"), 900).len(), 900, "white space far off is none near");
    }
}
