//! A text that comes in pieces, and goes out again as far as nothing in it can still become a value.

use super::hold;
use super::{Cut, Screener};
use crate::guard::finding::Finding;

/// A text as it goes on.
#[derive(Default)]
pub(super) struct Flow {
    /// What went out last, as it came, and what waits.
    text: String,
    /// Where the text itself begins.
    start: usize,
    /// Where what waits begins.
    base: usize,
    /// What of the text is written otherwise where it comes from, in order.
    escapes: Vec<Escape>,
    /// While a value that has been redacted goes on: where its head ends.
    inside: Option<usize>,
    /// What ends the text, if it has an end of its own.
    close: Option<char>,
}

/// A character that is written otherwise.
struct Escape {
    at: usize,
    length: usize,
    raw: Box<str>,
}

/// So much of what went out, or of a value that goes on, is kept to see what comes in its light.
const KEPT: usize = 96;

// === impl Flow ===

impl Flow {
    /// A text that follows `before` and ends with `close`.
    pub(super) fn after(before: &str, close: char) -> Self {
        let text = before[hold::near(before, KEPT)..].to_owned();
        Self { start: text.len(), base: text.len(), text, close: Some(close), ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn push_char(&mut self, char: char) {
        self.text.push(char);
    }

    /// Adds a character that is written as `raw`.
    pub(super) fn push_escape(&mut self, char: char, raw: &str) {
        self.escapes.push(Escape { at: self.text.len(), length: char.len_utf8(), raw: raw.into() });
        self.text.push(char);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.base == self.text.len()
    }

    #[cfg(test)]
    pub(super) fn waits(&self) -> usize {
        self.text.len() - self.base
    }

    #[cfg(test)]
    pub(super) fn holds(&self) -> usize {
        self.text.len()
    }

    /// Writes what can go out.
    pub(super) fn pass(&mut self, screener: &mut Screener, out: &mut String) {
        let length = self.text.len();
        let bound = length.saturating_sub(screener.screen.hold_back);
        let limit = hold::limit(&self.text);
        if self.is_idle() || self.inside.is_none() && limit <= self.base && bound <= self.base {
            return;
        }
        let found = screener.found(&self.text);
        if self.swallow(screener, &found) && self.inside.is_some() {
            return self.trim();
        }
        // A text that has an end of its own is a quotation as a whole, and may hold others.
        let own = self.close.filter(|_| self.start > 0).map(|quote| (self.start, quote));
        let inner = hold::quote(&self.text[self.start..]).map(|(at, quote)| (self.start + at, quote));
        let quoted = [own, inner].into_iter().flatten().filter_map(|one| self.quoted(screener, one)).min();
        let mut end = hold::settled(&self.text, self.base, &found, limit.min(quoted.unwrap_or(length)));
        if end < bound && self.base < bound {
            end = hold::forced(&self.text, found.iter().filter(|finding| screener.counts(finding)), bound);
        }
        if end > self.base {
            self.release(screener, found, end, out);
        }
    }

    /// Writes all that waits.
    pub(super) fn finish(&mut self, screener: &mut Screener, out: &mut String) {
        if !self.is_idle() {
            let end = self.text.len();
            self.text.extend(self.close);
            let mut found = screener.found(&self.text);
            self.text.truncate(end);
            found.iter_mut().for_each(|finding| finding.range.end = finding.range.end.min(end));
            found.retain(|finding| !finding.range.is_empty());
            self.swallow(screener, &found);
            self.inside = None;
            self.release(screener, found, end, out);
        }
        self.inside = None;
    }

    /// Drops what belongs to a value that has been redacted; whether there was one.
    fn swallow(&mut self, screener: &Screener, found: &[Finding]) -> bool {
        let Some(head) = self.inside else { return false };
        let goes_on = |finding: &&Finding| {
            screener.counts(finding) && finding.range.start < head && finding.range.end >= self.base
        };
        match found.iter().filter(goes_on).map(|finding| finding.range.end).max() {
            Some(end) => {
                self.base = end.min(self.text.len());
                if hold::is_settled(&self.text, end) {
                    self.inside = None;
                }
            }
            None => self.inside = None,
        }
        true
    }

    /// Where a quotation begins that would be a value if it ended with `quote` here.
    fn quoted(&self, screener: &Screener, (start, quote): (usize, char)) -> Option<usize> {
        let end = self.text.len();
        if end - start < hold::QUOTED {
            return Some(start);
        }
        let found = screener.found(&format!("{}{quote}", self.text));
        found.iter().any(|finding| finding.range == (start..end)).then_some(start)
    }

    /// Writes what waits up to `end`.
    fn release(&mut self, screener: &mut Screener, found: Vec<Finding>, end: usize, out: &mut String) {
        let mut done = self.base;
        let mut last: Option<Cut> = None;
        for cut in screener.cuts(&self.text, found) {
            if cut.range.start < self.start || cut.range.end <= done || cut.range.start >= end {
                continue;
            }
            self.write(done..cut.range.start.max(done), out);
            screener.redact(&cut.entity, out);
            done = cut.range.end.min(end);
            last = Some(cut);
        }
        self.write(done..end, out);
        self.base = end;
        if let Some(cut) = last.filter(|cut| cut.range.end == end && !hold::is_settled(&self.text, end)) {
            // It may have more to it that has not come.
            self.trim_front(cut.range.start);
            self.inside = Some(self.text.floor_char_boundary(self.base.min(2 * KEPT)));
        }
        self.trim();
    }

    /// Writes `range` as it came.
    fn write(&self, range: std::ops::Range<usize>, out: &mut String) {
        let mut done = range.start;
        let first = self.escapes.partition_point(|escape| escape.at < range.start);
        for escape in self.escapes[first..].iter().take_while(|escape| escape.at < range.end) {
            out.push_str(&self.text[done..escape.at]);
            out.push_str(&escape.raw);
            done = escape.at + escape.length;
        }
        out.push_str(&self.text[done..range.end]);
    }

    /// Forgets what is no longer needed.
    fn trim(&mut self) {
        let done = self.escapes.partition_point(|escape| escape.at < self.base);
        self.escapes.drain(..done);
        match self.inside {
            None => self.trim_front(self.base),
            Some(head) => {
                let tail = self.text.floor_char_boundary(self.base.saturating_sub(KEPT));
                if tail > head {
                    self.remove(head..tail);
                }
            }
        }
    }

    /// Forgets what stands far before `at`.
    fn trim_front(&mut self, at: usize) {
        let front = self.text.floor_char_boundary(at.saturating_sub(KEPT));
        self.remove(0..front);
    }

    fn remove(&mut self, range: std::ops::Range<usize>) {
        let length = range.len();
        self.text.drain(range);
        self.start = self.start.saturating_sub(length);
        self.base -= length;
        self.escapes.iter_mut().for_each(|escape| escape.at = escape.at.saturating_sub(length));
    }
}
