//! How all texts of a request are read, window after window: what guardrails ask for, and routing with them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use futures::future::try_join_all;

use super::encoder::{Asker, placed};
use super::stats::Use;
use super::tags::Span;
use super::text::Cut;
use super::{Embedding, EncodeError, Encoder, Meaning, Reading, windows};

/// A text of a request.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// All of it.
    pub text: &'a str,
    /// Whether the request is routed by it. Then it is read before the others.
    pub is_routed: bool,
}

/// What the model made of one window of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Its meaning.
    pub embedding: Embedding,
    /// What it names, in bytes of the text; nothing where the model has no head for it. A name that the window's end
    /// breaks off may be found in part, or not at all.
    pub spans: Arc<[Span]>,
}

/// A text as it was seen in windows one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// From the text's beginning on. Two may share the word at which the first was broken off.
    pub windows: Vec<Window>,
    /// Bytes that none of them holds, but for white space around.
    pub unread: usize,
    /// What the text means for routing: what [`Encoder::embed`] gives where one window holds all of it, and what is near
    /// to that otherwise. None where no window was read.
    pub meaning: Option<Meaning>,
}

/// How far a text has been read.
struct Progress<'a> {
    /// Without white space around.
    text: &'a str,
    /// Its first byte in the text as it came.
    at: usize,
    is_routed: bool,
    /// What is to be read next.
    next: VecDeque<Cut<'a>>,
    /// What was read, with its bytes in `text`; its head first.
    seen: Vec<(Range<usize>, Reading)>,
}

// === impl Encoder ===

impl Encoder {
    /// Reads all of `texts` in windows, up to `at_most` of them all together: of the routed text first, then of the others
    /// in their order. Each text's first window is what [`Self::embed`] reads, and further ones are 768 bytes long or what
    /// the model reads at once, whichever is less. What was read before, in these texts or in others, comes from the memo.
    ///
    /// The request is let in or turned away but once. Beyond its first [`Settings::windows`](super::Settings::windows)
    /// windows it waits behind other requests; what is not read by `deadline` is [`EncodeError::Timeout`] for all of it.
    pub async fn examine(
        &self,
        texts: &[Text<'_>],
        at_most: usize,
        deadline: Instant,
    ) -> Result<Vec<Examined>, EncodeError> {
        let asker = Asker::until(deadline);
        let mut all: Vec<Progress> = texts.iter().map(Progress::new).collect();
        let mut left = at_most;
        loop {
            let round = next_round(&mut all, left);
            if round.is_empty() {
                break;
            }
            left -= round.len();
            let readings = try_join_all(round.iter().map(|(_, cut)| self.read(cut, &asker))).await?;
            for ((index, cut), reading) in round.iter().zip(readings) {
                all[*index].advance(cut, reading, left);
            }
        }
        Ok(all.into_iter().map(|progress| self.examined(progress)).collect())
    }

    fn examined(&self, mut progress: Progress<'_>) -> Examined {
        progress.seen.sort_by_key(|(range, _)| range.start);
        let read = progress.seen.iter().map(|(range, _)| range.clone()).collect();
        let unread = windows::unread(progress.text, read);
        let meaning = self.meaning(&progress);
        let at = progress.at;
        let windows = progress.seen.into_iter().map(|(range, reading)| Window::new(at, range, reading));
        Examined { windows: windows.collect(), unread, meaning }
    }

    /// The meaning of a text by those of its windows that share with what routing alone would read, each as far as it does.
    fn meaning(&self, Progress { text, is_routed, seen, .. }: &Progress<'_>) -> Option<Meaning> {
        let (head, _) = seen.first()?;
        let ranges: Vec<Range<usize>> = seen.iter().map(|(range, _)| range.clone()).collect();
        let shared = windows::shared(text, head.end, self.windows() - 1, &ranges);
        let (mut pooled, mut read) = (Vec::new(), Vec::new());
        // A lone window counts even where it has no bytes.
        for ((range, reading), shared) in seen.iter().zip(shared).filter(|(_, shared)| *shared > 0 || seen.len() == 1) {
            pooled.push((reading.embedding.clone(), reading.tokens * shared / range.len().max(1)));
            read.push(range.clone());
        }
        let unread = windows::unread(text, read);
        if *is_routed {
            self.stats().count_unread(Use::Routing, unread);
        }
        Some(Meaning { embedding: windows::pool(&pooled)?, is_whole: unread == 0 && pooled.len() == 1 })
    }
}

/// What of the texts is read next, `left` windows at most: of each as much as is known to follow, after those that come
/// before it. One whose head is yet to be read keeps back about what it will need.
fn next_round<'a>(all: &mut [Progress<'a>], mut left: usize) -> Vec<(usize, Cut<'a>)> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|index| !all[*index].is_routed);
    let mut round = Vec::new();
    for index in order {
        let progress = &mut all[index];
        let taken = progress.next.len().min(left);
        let kept = if progress.seen.is_empty() { progress.text.len().div_ceil(windows::SEGMENT_BYTES) } else { 0 };
        round.extend(progress.next.drain(..taken).map(|cut| (index, cut)));
        left = left.saturating_sub(taken.max(kept));
    }
    round
}

// === impl Progress ===

impl<'a> Progress<'a> {
    fn new(Text { text, is_routed }: &Text<'a>) -> Self {
        let at = text.len() - text.trim_start().len();
        let text = text.trim();
        // Even nothing has a meaning to route by.
        let is_read = *is_routed || !text.is_empty();
        let next = is_read.then(|| Cut::head(text)).into_iter().collect();
        Self { text, at, is_routed: *is_routed, next, seen: Vec::new() }
    }

    /// Takes in what was read of `cut`. No more than `left` windows are to follow.
    fn advance(&mut self, cut: &Cut<'a>, reading: Reading, left: usize) {
        let read = placed(cut, &reading);
        if self.seen.is_empty() {
            self.next.extend(windows::segments(self.text, read.end).take(left));
        } else {
            // A segment of more tokens than most is not read to its end at once.
            self.next.extend(cut.after(reading.read.end));
        }
        self.seen.push((read, reading));
    }
}

// === impl Window ===

impl Window {
    /// `range` of what begins at the byte `at` of the text.
    fn new(at: usize, range: Range<usize>, Reading { embedding, read, spans, .. }: Reading) -> Self {
        let range = at + range.start..at + range.end;
        // The reading's bytes are those of its cut.
        let cut = range.start - read.start;
        let moved = |span: &Span| Span { range: cut + span.range.start..cut + span.range.end, ..span.clone() };
        let spans = if cut == 0 { spans } else { spans.iter().map(moved).collect() };
        Self { range, embedding, spans }
    }
}
