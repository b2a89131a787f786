//! An answer put together as it passes, so that it can be given again.

use std::mem;

use http::header;
use pingora::http::ResponseHeader;

use crate::openai::answer::Answer;
use crate::openai::sse::{Event, Position};

/// An answer that is being put together. It holds what it needs and no more: a body as it came, a stream as the answer so
/// far and the events that have not been read yet.
#[derive(Debug)]
pub struct Capture {
    limit: usize,
    /// What the head says of the body's length.
    length: Option<usize>,
    /// None where the answer cannot be stored.
    held: Option<Held>,
}

#[derive(Debug)]
enum Held {
    Body(Vec<u8>),
    Stream(Box<Stream>),
}

#[derive(Debug, Default)]
struct Stream {
    answer: Answer,
    unread: Vec<u8>,
    /// As soon as so many bytes are unread, the events among them are read.
    read_at: usize,
    /// What the answer takes, in bytes.
    known: usize,
    has_begun: bool,
    is_done: bool,
}

/// Events are read so many bytes at a time: few enough for the time it takes, and for many streams' memory.
const BATCH: usize = 8 * 1024;

/// What a stream's last event ends with.
const DONE: &[u8] = b"[DONE]";

/// What a text may begin with to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

// === impl Capture ===

impl Capture {
    /// Begins with the answer's head; `limit` is how many bytes may be held. None where no answer of this head is stored.
    pub fn begin(head: &ResponseHeader, limit: usize) -> Option<Self> {
        let is_encoded = head.headers.get_all(header::CONTENT_ENCODING).iter().any(|coding| coding != "identity");
        if head.status != 200 || is_encoded {
            return None;
        }
        let kind = head.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let held = if kind.eq_ignore_ascii_case("application/json") {
            Held::Body(Vec::new())
        } else if kind.eq_ignore_ascii_case("text/event-stream") {
            Held::Stream(Box::default())
        } else {
            return None;
        };
        let length = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Some(Self { limit, length, held: Some(held) })
    }

    /// Takes in a chunk of the body.
    pub fn pass(&mut self, chunk: &[u8]) {
        let Some(held) = &mut self.held else { return };
        let is_sound = match held {
            Held::Body(body) => {
                body.extend_from_slice(chunk);
                true
            }
            Held::Stream(stream) => stream.pass(chunk).is_some(),
        };
        if !is_sound || held.bytes() > self.limit {
            self.held = None;
        }
    }

    /// Whether all of the answer is there, as far as that shows before the body's end: its declared length, or `[DONE]`.
    pub fn is_complete(&mut self) -> bool {
        match &mut self.held {
            None => false,
            Some(Held::Body(body)) => Some(body.len()) == self.length,
            Some(Held::Stream(stream)) => stream.is_complete(),
        }
    }

    /// Bytes that are held.
    pub fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, Held::bytes)
    }

    /// The answer as a line of JSON in the form of a whole body, without `id` and `created`; none unless it was whole. The
    /// time grows with what is held, to milliseconds.
    pub fn finish(self) -> Option<Box<str>> {
        let answer = match self.held? {
            Held::Body(body) => Answer::of_body(str::from_utf8(&body).ok()?)?,
            Held::Stream(stream) => stream.finish()?,
        };
        answer.to_json()
    }
}

// === impl Held ===

impl Held {
    fn bytes(&self) -> usize {
        match self {
            Self::Body(body) => body.len(),
            Self::Stream(stream) => stream.unread.len() + stream.known,
        }
    }
}

// === impl Stream ===

impl Stream {
    fn pass(&mut self, chunk: &[u8]) -> Option<()> {
        self.unread.extend_from_slice(chunk);
        if self.unread.len() < self.read_at.max(BATCH) {
            return Some(());
        }
        self.read()
    }

    fn is_complete(&mut self) -> bool {
        if !self.is_done && self.unread.trim_ascii_end().ends_with(DONE) {
            // What keeps it from being stored shows again when it is finished.
            let _ = self.read();
        }
        self.is_done
    }

    /// Reads the events that have ended; none where one of them keeps the answer from being stored.
    fn read(&mut self) -> Option<()> {
        let mut unread = mem::take(&mut self.unread);
        let mut rest = &unread[..];
        while let Some(end) = Position::Between.event_end(rest) {
            let (event, after) = rest.split_at(end);
            self.take(event)?;
            rest = after;
        }
        let read = unread.len() - rest.len();
        unread.drain(..read);
        // So that an event that does not end is not looked through over and over.
        self.read_at = 2 * unread.len();
        self.unread = unread;
        self.known = self.answer.bytes();
        Some(())
    }

    fn take(&mut self, event: &[u8]) -> Option<()> {
        let event = match mem::replace(&mut self.has_begun, true) {
            true => event,
            false => event.strip_prefix(BYTE_ORDER_MARK).unwrap_or(event),
        };
        let event = Event::read(event);
        let Some(data) = event.data else { return Some(()) };
        if self.is_done || event.kind == Some(b"error") {
            return None;
        }
        if data.trim_ascii() == b"[DONE]" {
            self.is_done = true;
            return Some(());
        }
        self.answer.chunk(str::from_utf8(&data).ok()?)
    }

    /// The answer, if the stream ended as it should.
    fn finish(mut self) -> Option<Answer> {
        self.read()?;
        (self.is_done && self.unread.trim_ascii().is_empty()).then_some(())?;
        self.answer.whole()
    }
}

#[cfg(test)]
mod tests;
