//! Server-sent events: where they end, what they say, and how one is written.

use std::borrow::Cow;

/// One `data:` event that holds `payload`, which must be a single line.
pub fn event(payload: &[u8]) -> Vec<u8> {
    [b"data: ", payload, b"\n\n"].concat()
}

/// What an event says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type, where it is given one.
    pub kind: Option<&'a [u8]>,
    /// Its data; none where there is no line of it.
    pub data: Option<Cow<'a, [u8]>>,
}

/// Follows a stream of events through arbitrary chunk boundaries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Position {
    /// Between events, where another may begin.
    #[default]
    Between,
    /// Inside a line.
    InLine,
    /// After a line's end, inside an event.
    AfterLine,
}

// === impl Event ===

impl<'a> Event<'a> {
    /// Reads the lines of one event, the last of which may be unfinished.
    pub fn read(lines: &'a [u8]) -> Self {
        let mut event = Self::default();
        for line in lines.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(data) = value(line, b"data") {
                event.add(data);
            } else if let Some(kind) = value(line, b"event") {
                event.kind = Some(kind);
            }
        }
        event
    }

    fn add(&mut self, line: &'a [u8]) {
        match &mut self.data {
            None => self.data = Some(line.into()),
            Some(data) => {
                let data = data.to_mut();
                data.push(b'\n');
                data.extend_from_slice(line);
            }
        }
    }
}

/// The value of the field `name`, if it is what `line` gives.
fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

// === impl Position ===

impl Position {
    /// The position after `chunk`. Carriage returns carry no meaning of their own here.
    pub fn after(self, chunk: &[u8]) -> Self {
        // Only the chunk's last few bytes decide; a longer run of blank lines changes nothing.
        let mut position = if chunk.len() > 8 { Self::InLine } else { self };
        for &byte in &chunk[chunk.len().saturating_sub(8)..] {
            position = match (byte, position) {
                (b'\r', same) => same,
                (b'\n', Self::InLine) => Self::AfterLine,
                (b'\n', _) => Self::Between,
                _ => Self::InLine,
            };
        }
        position
    }

    /// Where in `chunk`, which begins at this position, an event ends first: after the blank line.
    pub fn event_end(self, chunk: &[u8]) -> Option<usize> {
        let (mut at, mut is_blank) = (0, self != Self::InLine);
        loop {
            let line = chunk[at..].iter().position(|byte| *byte == b'\n')?;
            is_blank &= chunk[at..at + line].iter().all(|byte| *byte == b'\r');
            at += line + 1;
            if is_blank {
                return Some(at);
            }
            is_blank = true;
        }
    }

    /// What must be written before a new event can begin.
    pub fn closing(self) -> &'static [u8] {
        match self {
            Self::Between => b"",
            Self::AfterLine => b"\n",
            Self::InLine => b"\n\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_does_not_depend_on_chunk_boundaries() {
        let stream = b"data: {\"a\":1}\n\ndata: [DO";
        for cut in 0..=stream.len() {
            let whole = Position::default().after(stream);
            let parts = Position::default().after(&stream[..cut]).after(&stream[cut..]);
            assert_eq!(whole, parts, "cut at {cut}");
        }
        assert_eq!(Position::default().after(b"data: 1\n\n"), Position::Between);
        assert_eq!(Position::default().after(b"data: 1\r\n\r\n"), Position::Between);
        assert_eq!(Position::default().after(b"data: 1\n").closing(), b"\n");
        assert_eq!(Position::default().after(b"data: 1").closing(), b"\n\n");
    }

    #[test]
    fn an_event_ends_with_its_blank_line() {
        for (position, chunk, end) in [
            (Position::Between, "data: 1\n\ndata", Some(9)),
            (Position::Between, "data: 1\r\n\r\ndata", Some(11)),
            (Position::Between, "data: 1\n", None),
            (Position::Between, "\ndata", Some(1)),
            (Position::InLine, "\n", None),
            (Position::InLine, "1\n\n", Some(3)),
            (Position::AfterLine, "\r\n", Some(2)),
            (Position::AfterLine, "x\n\r", None),
        ] {
            assert_eq!(position.event_end(chunk.as_bytes()), end, "{chunk:?} at {position:?}");
        }
    }

    #[test]
    fn an_event_says_its_type_and_all_of_its_data() {
        let read = |lines: &'static str| {
            let event = Event::read(lines.as_bytes());
            (event.kind, event.data.map(|data| data.into_owned()))
        };
        assert_eq!(read(": ping\n\n"), (None, None));
        assert_eq!(read("data:1\r\n\r\n"), (None, Some(b"1".to_vec())));
        assert_eq!(
            read("event: error\ndata:  1\nid: 2\ndata\ndata:\n\n"),
            (Some(b"error".as_slice()), Some(b" 1\n".to_vec()))
        );
        assert_eq!(read("data: {\"a"), (None, Some(b"{\"a".to_vec())), "unfinished");
    }
}
