//! A stream of events whose texts are being restored: cut into whole events, of which only those are written anew that
//! change.

use std::mem;

use bytes::Bytes;

use super::scan::Restorer;
use super::screen::Screener;
use super::talk::Talk;
use crate::guard::finding::Entity;
use crate::guard::mask::placeholder::Form;
use crate::openai::sse::{Event, Position};

/// A stream of events.
pub(super) struct Events {
    talk: Talk,
    limit: usize,
    /// The event that has not ended.
    unread: Vec<u8>,
    /// Where all that came ends.
    position: Position,
    /// Whether something of the stream was passed on.
    has_begun: bool,
    /// Whether the event that has not ended passes as it is.
    is_passing: bool,
    unrestored: bool,
}

/// What a text may begin with to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

// === impl Events ===

impl Events {
    pub(super) fn new(restorer: Restorer, screener: Option<Screener>, said: Form, limit: usize) -> Self {
        Self {
            talk: Talk::new(restorer, screener, said),
            limit,
            unread: Vec::new(),
            position: Position::default(),
            has_begun: false,
            is_passing: false,
            unrestored: false,
        }
    }

    pub(super) fn pass(&mut self, chunk: &Bytes, end: bool) -> Bytes {
        if self.is_of_no_concern(chunk) {
            return chunk.clone();
        }
        let (mut seen, mut event) = (self.unread.len(), 0);
        let mut unread = mem::take(&mut self.unread);
        unread.extend_from_slice(chunk);
        let mut out = Vec::with_capacity(chunk.len() + 64);
        while let Some(length) = self.position.event_end(&unread[seen..]) {
            seen += length;
            self.take(&unread[event..seen], false, &mut out);
            (event, self.position, self.is_passing) = (seen, Position::Between, false);
        }
        self.position = self.position.after(&unread[seen..]);
        unread.drain(..event);
        self.unread = unread;
        // Comments keep a connection alive, so they do not wait. One that has not ended is not looked through over and over.
        if !self.is_passing && chunk.contains(&b'\n') {
            let comments = comments(&self.unread);
            out.extend(self.unread.drain(..comments));
        }
        self.pass_unread(end, &mut out);
        self.has_begun |= !out.is_empty();
        out.into()
    }

    pub(super) fn unrestored(&self) -> bool {
        self.unrestored || self.talk.unrestored()
    }

    /// How many values of each kind were redacted since this was asked last.
    pub(super) fn redacted(&mut self) -> Vec<(Entity, u64)> {
        self.talk.redacted()
    }

    /// Whether `chunk` is of whole events in which nothing begins, where nothing has begun.
    fn is_of_no_concern(&mut self, chunk: &[u8]) -> bool {
        let is_of_none = self.unread.is_empty()
            && self.position == Position::Between
            && self.talk.is_idle()
            && self.position.after(chunk) == Position::Between
            && !self.talk.may_hold(chunk);
        self.has_begun |= is_of_none && !chunk.is_empty();
        is_of_none
    }

    /// Passes what of the unread need not wait: what is too long, and at the `end` all.
    fn pass_unread(&mut self, end: bool, out: &mut Vec<u8>) {
        if self.unread.len() > self.limit && !self.is_passing {
            out.extend_from_slice(&self.talk.flush());
            (self.is_passing, self.unrestored) = (true, true);
        }
        if self.is_passing {
            out.append(&mut self.unread);
        }
        if end {
            let last = mem::take(&mut self.unread);
            self.take(&last, true, out);
        }
    }

    /// Takes in an event, the last of which may be unfinished, or nothing.
    fn take(&mut self, event: &[u8], is_last: bool, out: &mut Vec<u8>) {
        if self.is_passing || self.talk.is_idle() && !self.talk.may_hold(event) {
            return out.extend_from_slice(event);
        }
        let is_first = !self.has_begun && out.is_empty();
        let marked = event.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first);
        if marked.is_some() {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        // Comments pass at once where they come alone, so they do here.
        let lines = marked.unwrap_or(event);
        let (comments, lines) = lines.split_at(comments(lines));
        out.extend_from_slice(comments);
        let Event { kind, data } = Event::read(lines);
        let Some(data) = data else {
            if is_last {
                out.extend_from_slice(&self.talk.flush());
            }
            return out.extend_from_slice(lines);
        };
        let told = self.talk.take(kind, &data, is_last);
        out.extend_from_slice(&told.before);
        match told.data {
            None => out.extend_from_slice(lines),
            Some(data) => write(lines, &data, out),
        }
    }
}

/// Writes an event with this data instead of its own, and with all else that it has.
fn write(event: &[u8], data: &str, out: &mut Vec<u8>) {
    let mut data = Some(data);
    for line in event.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b"data:") {
            out.extend_from_slice(line);
            continue;
        }
        let Some(data) = data.take() else { continue };
        let end: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else if line.ends_with(b"\n") {
            b"\n"
        } else {
            b""
        };
        for (at, data) in data.split('\n').enumerate() {
            if at > 0 {
                out.extend_from_slice(if end.is_empty() { b"\n" } else { end });
            }
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(data.as_bytes());
        }
        out.extend_from_slice(end);
    }
}

/// How long the comments are that `event` begins with.
fn comments(event: &[u8]) -> usize {
    let mut length = 0;
    while event[length..].starts_with(b":")
        && let Some(line) = event[length..].iter().position(|byte| *byte == b'\n')
    {
        length += line + 1;
    }
    length
}
