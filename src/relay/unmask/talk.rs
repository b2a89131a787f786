//! A stream's texts as they go on: screened, restored, and held back where a piece may end in a value's or a placeholder's
//! beginning.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::body::may_hold;
use super::chunk::{Chunk, Piece, Thread};
use super::json::{Edit, edited, quoted, unquoted};
use super::scan::Restorer;
use super::screen::{Screened, Screener};
use crate::guard::finding::Entity;
use crate::guard::mask::placeholder::Form;
use crate::openai::sse;

/// What is known of a stream's texts.
pub(super) struct Talk {
    restorer: Restorer,
    screener: Option<Screener>,
    said: Form,
    /// The texts that are screened. What waits there has not come to the restorer.
    screened: BTreeMap<Thread, Screened>,
    /// What waits to be told apart from a placeholder; no text that is there is empty.
    held: BTreeMap<Thread, String>,
    /// How an event of this answer begins, up to its choices.
    opening: String,
    unrestored: bool,
}

/// What becomes of an event.
pub(super) struct Told {
    /// Events that come before it.
    pub(super) before: Vec<u8>,
    /// Its data; none where it stays.
    pub(super) data: Option<String>,
}

/// In more texts than these at a time, nothing is held back.
const THREADS_MAX: usize = 1024;

/// What the last event's data says.
const DONE: &[u8] = b"[DONE]";

// === impl Talk ===

impl Talk {
    pub(super) fn new(restorer: Restorer, screener: Option<Screener>, said: Form) -> Self {
        let (screened, held) = (BTreeMap::new(), BTreeMap::new());
        Self { restorer, screener, said, screened, held, opening: String::new(), unrestored: false }
    }

    /// Whether an event that says nothing of importance can pass as it is.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty() && self.screened.values().all(Screened::is_idle)
    }

    /// Whether there may be something to do about `json`, or its beginning, where nothing is held.
    pub(super) fn may_hold(&self, json: &[u8]) -> bool {
        self.screener.is_some() || may_hold(json)
    }

    /// How many values of each kind were redacted since this was asked last.
    pub(super) fn redacted(&mut self) -> Vec<(Entity, u64)> {
        self.screener.as_mut().map(Screener::redacted).unwrap_or_default()
    }

    /// Whether something could not be looked into.
    pub(super) fn unrestored(&self) -> bool {
        self.unrestored
    }

    /// Takes in an event of this type and data. With the last one, nothing is held any longer.
    pub(super) fn take(&mut self, kind: Option<&[u8]>, data: &[u8], is_last: bool) -> Told {
        let is_error = kind == Some(b"error");
        let is_end = is_error || data.trim_ascii() == DONE;
        let chunk = str::from_utf8(data).ok().and_then(|text| Chunk::read(text, self.said));
        match chunk {
            Some(chunk) if !is_error && !chunk.is_error() => self.take_chunk(&chunk, is_last),
            Some(refusal) => {
                let edits = self.others(&refusal);
                Told { before: self.flush(), data: (!edits.is_empty()).then(|| edited(refusal.text, &edits)) }
            }
            None => {
                self.unrestored |= if is_end { may_hold(data) } else { self.may_hold(data) };
                Told { before: if is_end || is_last { self.flush() } else { Vec::new() }, data: None }
            }
        }
    }

    /// Events that say all that is held.
    pub(super) fn flush(&mut self) -> Vec<u8> {
        self.flush_where(|_| true)
    }

    fn take_chunk(&mut self, chunk: &Chunk, is_last: bool) -> Told {
        let is_over = |thread: Thread| is_last || chunk.is_finished(thread.0);
        let before = self.flush_where(|thread| chunk.has_left(thread) || is_over(thread) && !chunk.goes_on(thread));
        let mut edits = self.others(chunk);
        let mut said: Vec<_> = chunk.pieces.iter().map(|piece| (piece, self.say(piece))).collect();
        for (piece, out) in said.iter_mut().rev() {
            if let Some(out) = out.as_mut().filter(|_| is_over(piece.thread)) {
                out.push_str(&self.rest(piece.thread));
            }
        }
        for (piece, out) in said {
            self.unrestored |= out.is_none();
            edits.extend(
                out.filter(|out| piece.said.as_deref() != Some(out)).map(|out| (piece.range.clone(), quoted(&out))),
            );
        }
        edits.sort_unstable_by_key(|(range, _)| range.start);
        if !self.is_idle() {
            self.opening = chunk.opening();
        }
        Told { before, data: (!edits.is_empty()).then(|| edited(chunk.text, &edits)) }
    }

    /// What changes of the texts that stand for themselves.
    fn others(&mut self, chunk: &Chunk) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (range, form) in &chunk.others {
            let Some(old) = unquoted(&chunk.text[range.clone()]) else {
                self.unrestored = true;
                continue;
            };
            let screened = match &mut self.screener {
                Some(screener) => screener.whole(&old, *form),
                None => Cow::from(&*old),
            };
            let new = self.restorer.whole(&screened, *form);
            if new != old {
                edits.push((range.clone(), quoted(&new)));
            }
        }
        edits
    }

    /// What can be said, now that there is this piece more; none where nobody can tell what it says.
    fn say(&mut self, piece: &Piece) -> Option<String> {
        let said = self.screened(piece.thread, piece.said.as_deref()?);
        let held = self.held.remove(&piece.thread);
        let text = held.map_or(Cow::from(&*said), |held| (held + &said).into());
        let mut out = String::with_capacity(text.len());
        let at = self.restorer.pass(&text, piece.thread.1.form(self.said), &mut out);
        match &text[at..] {
            "" => {}
            rest if self.held.len() < THREADS_MAX => _ = self.held.insert(piece.thread, rest.to_owned()),
            rest => out.push_str(rest),
        }
        Some(out)
    }

    /// What of a thread, now that it says this, has nothing in it that is to be redacted.
    fn screened<'s>(&mut self, thread: Thread, said: &'s str) -> Cow<'s, str> {
        let Some(screener) = &mut self.screener else { return said.into() };
        let form = thread.1.form(self.said);
        if self.screened.len() >= THREADS_MAX && !self.screened.contains_key(&thread) {
            return screener.whole(said, form);
        }
        let mut out = String::new();
        self.screened.entry(thread).or_insert_with(|| Screened::new(form)).pass(screener, said, &mut out);
        out.into()
    }

    /// What is held of a thread, which is no longer.
    fn rest(&mut self, thread: Thread) -> String {
        let mut text = self.held.remove(&thread).unwrap_or_default();
        let (Some(screener), Some(screened)) = (&mut self.screener, self.screened.get_mut(&thread)) else {
            return text;
        };
        screened.finish(screener, &mut text);
        self.restorer.whole(&text, thread.1.form(self.said)).into_owned()
    }

    fn flush_where(&mut self, is_meant: impl Fn(Thread) -> bool) -> Vec<u8> {
        let waiting = self.screened.iter().filter(|(_, screened)| !screened.is_idle()).map(|(thread, _)| *thread);
        let threads: BTreeSet<Thread> = waiting.chain(self.held.keys().copied()).filter(|one| is_meant(*one)).collect();
        let mut out = Vec::new();
        for thread in threads {
            let text = self.rest(thread);
            if text.is_empty() {
                continue;
            }
            let mut data = self.opening.clone().into_bytes();
            thread.1.write(thread.0, &text, &mut data);
            data.extend_from_slice(b"]}");
            out.extend_from_slice(&sse::event(&data));
        }
        out
    }
}
