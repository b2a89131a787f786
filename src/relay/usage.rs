//! A stream's usage: asked for where the client did not, and then kept from it.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::intake::json::{BODY, Shape, object, present, span};
use crate::openai::sse::{Event, Position};

/// Takes the event that tells the usage out of a stream that passes.
#[derive(Debug, Default)]
pub struct UsageFilter {
    /// The event that has not ended, as long as it could be the one.
    held: Vec<u8>,
    /// Where all that came ends.
    position: Position,
    /// Whether the event that has not ended is another.
    is_passing: bool,
    /// At so many bytes it is asked again whether it is.
    judge_at: usize,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream_options: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Options<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    include_usage: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    continuous_usage_stats: Option<&'a RawValue>,
}

/// As much of a chunk as tells whether it is the usage's.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(rename = "choices")]
    _choices: [IgnoredAny; 0],
    #[serde(borrow)]
    usage: &'a RawValue,
}

/// A longer event is not the usage's.
const HELD_MAX: usize = 64 * 1024;

/// The body that asks for the usage at the stream's end, and is `body` byte for byte in everything else. None where that
/// must not or need not be: the answer is no stream, the client asks itself, wants the usage with each chunk, or has
/// written something else than what is known here.
pub fn ask_for_usage(body: &Bytes) -> Option<Bytes> {
    const ASKING: &str = r#""include_usage":true"#;
    let whole = str::from_utf8(body).ok()?;
    let read: Body = object(whole, BODY).ok()?;
    if read.stream?.get() != "true" {
        return None;
    }
    let Some(options) = read.stream_options else {
        let at = whole.find('{')? + 1;
        return Some(spliced(whole, at..at, &format!(r#""stream_options":{{{ASKING}}},"#)));
    };
    let place = span(whole, options);
    match Shape::of(options) {
        Shape::Null => return Some(spliced(whole, place, &format!("{{{ASKING}}}"))),
        Shape::Object => {}
        _ => return None,
    }
    let given: Options = object(options.get(), BODY).ok()?;
    if given.continuous_usage_stats.is_some_and(|value| !matches!(value.get(), "false" | "null")) {
        return None;
    }
    match given.include_usage {
        Some(value) if matches!(value.get(), "false" | "null") => Some(spliced(whole, span(whole, value), "true")),
        Some(_) => None,
        None => {
            let comma = if options.get()[1..].trim_start().starts_with('}') { "" } else { "," };
            let at = place.start + 1;
            Some(spliced(whole, at..at, &format!("{ASKING}{comma}")))
        }
    }
}

fn spliced(whole: &str, place: std::ops::Range<usize>, text: &str) -> Bytes {
    [&whole[..place.start], text, &whole[place.end..]].concat().into()
}

// === impl UsageFilter ===

impl UsageFilter {
    /// What of `chunk`, and of what was held back before, passes on. An event that has ended is not held back, and one that
    /// has not only as long as it could be the one that is to go; with the stream's `end` nothing is.
    pub fn pass(&mut self, chunk: &[u8], end: bool) -> Bytes {
        let mut seen = self.held.len();
        self.held.extend_from_slice(chunk);
        let mut event = 0;
        while let Some(length) = self.position.event_end(&self.held[seen..]) {
            seen += length;
            event += comments(&self.held[event..seen]);
            if !self.is_passing && is_usage(&self.held[event..seen]) {
                self.held.drain(event..seen);
                seen = event;
            }
            (event, self.position, self.is_passing, self.judge_at) = (seen, Position::Between, false, 0);
        }
        self.position = self.position.after(&self.held[seen..]);
        if !self.is_passing {
            event += comments(&self.held[event..]);
            self.is_passing = self.is_another(event);
        }
        let passed = if self.is_passing || end { self.held.len() } else { event };
        let held = self.held.split_off(passed);
        std::mem::replace(&mut self.held, held).into()
    }

    /// Whether what is held from `event` on cannot become the event that is to go.
    fn is_another(&mut self, event: usize) -> bool {
        let held = &self.held[event..];
        // Asked at each doubling, so that the time it takes grows with the event's length and not its square.
        if held.len() < self.judge_at {
            return false;
        }
        self.judge_at = 2 * held.len();
        held.len() > HELD_MAX || !held.is_empty() && !could_be_usage(held)
    }
}

/// How long the comments are that `event` begins with; they keep a connection alive, and are no part of what follows.
fn comments(event: &[u8]) -> usize {
    let lines = event.split_inclusive(|byte| *byte == b'\n');
    lines.take_while(|line| line.starts_with(b":") && line.ends_with(b"\n")).map(<[u8]>::len).sum()
}

/// Whether `event`, which has ended, tells the usage and nothing else.
fn is_usage(event: &[u8]) -> bool {
    Event::read(event).data.is_some_and(|data| Chunk::tells_usage(&data).unwrap_or(false))
}

/// Whether `event`, which has not ended, could still be one that [`is_usage`].
fn could_be_usage(event: &[u8]) -> bool {
    Event::read(event).data.is_none_or(|data| Chunk::tells_usage(&data).unwrap_or_else(|error| error.is_eof()))
}

// === impl Chunk ===

impl Chunk<'_> {
    /// Whether `data` is the chunk that tells the usage.
    fn tells_usage(data: &[u8]) -> serde_json::Result<bool> {
        // serde would also take an array for a struct.
        if data.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
            return Ok(false);
        }
        serde_json::from_slice(data).map(|chunk: Chunk| Shape::of(chunk.usage) == Shape::Object)
    }
}

#[cfg(test)]
mod tests;
