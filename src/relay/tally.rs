//! What an answer says of its usage, read as it passes: nothing is held but the usage itself, however long the answer is.
//!
//! A stream that breaks off says nothing, unless its client had asked for the usage with each chunk. What has passed is
//! then the estimate: vLLM sends a token with each chunk, so that their count is the tokens'; where it sends several, as
//! under load or with `--stream-interval`, chunks are long, and it is by their bytes.

mod scan;

use memchr::memchr;

use self::scan::Scan;
use crate::openai::usage::Usage;

/// Follows an answer. It sees what the backend sent, and so stands before what keeps the usage from the client.
#[derive(Debug, Default)]
pub struct Tally {
    form: Form,
    scan: Scan,
    /// The usage that was told last, as JSON.
    told: Option<Vec<u8>>,
    /// Chunks that said something.
    chunks: u64,
    /// Bytes of what was said.
    bytes: u64,
}

/// What an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// Its tokens.
    pub usage: Usage,
    /// Whether the answer did not say, and this is estimated.
    pub is_estimate: bool,
}

#[derive(Debug, Default)]
enum Form {
    /// One piece of JSON.
    #[default]
    Body,
    /// Server-sent events.
    Events(Line),
}

/// How far a line of an event stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// So many bytes are as they are before data.
    Begun(usize),
    /// Data.
    Data,
    /// Something else.
    Other,
}

/// What a line of data begins with.
const DATA: &[u8] = b"data:";

/// So many bytes of text are about one token: more of them in English words, fewer in code. A chunk of twice as many has
/// more tokens than one.
const BYTES_PER_TOKEN: u64 = 4;

// === impl Tally ===

impl Tally {
    /// For a whole body.
    pub fn of_body() -> Self {
        Self::default()
    }

    /// For a stream of events.
    pub fn of_events() -> Self {
        Self { form: Form::Events(Line::Begun(0)), ..Self::default() }
    }

    /// Follows a chunk.
    pub fn pass(&mut self, chunk: &[u8]) {
        match self.form {
            Form::Body => self.scan.pass(chunk),
            Form::Events(line) => self.form = Form::Events(self.pass_events(line, chunk)),
        }
    }

    /// What the answer took, as far as it came. About `prompt` tokens were asked.
    pub fn finish(mut self, prompt: u64) -> Took {
        self.end_of_document();
        match self.told.as_deref().and_then(Usage::read) {
            Some(usage) => Took { usage, is_estimate: false },
            None => {
                let are_bundled = self.bytes >= 2 * BYTES_PER_TOKEN * self.chunks;
                let completion = if are_bundled { self.bytes.div_ceil(BYTES_PER_TOKEN) } else { self.chunks };
                Took { usage: Usage { prompt, completion, cached: 0 }, is_estimate: true }
            }
        }
    }

    fn pass_events(&mut self, mut line: Line, mut chunk: &[u8]) -> Line {
        while !chunk.is_empty() {
            let end = memchr(b'\n', chunk);
            let (part, rest) = chunk.split_at(end.unwrap_or(chunk.len()));
            line = self.pass_line(line, part);
            let Some(after) = rest.get(1..) else { return line };
            if line == Line::Begun(0) {
                self.end_of_document();
            }
            (line, chunk) = (Line::Begun(0), after);
        }
        line
    }

    /// Follows a part of one line.
    fn pass_line(&mut self, line: Line, part: &[u8]) -> Line {
        let Line::Begun(seen) = line else {
            if line == Line::Data {
                self.scan.pass(part);
            }
            return line;
        };
        let expected = &DATA[seen..];
        let same = expected.iter().zip(part).take_while(|(expected, byte)| expected == byte).count();
        if same == expected.len() {
            self.scan.pass(&part[same..]);
            Line::Data
        } else if same == part.len() {
            Line::Begun(seen + same)
        } else if seen == 0 && part == b"\r" {
            line
        } else {
            Line::Other
        }
    }

    fn end_of_document(&mut self) {
        let scan = std::mem::take(&mut self.scan);
        self.chunks += u64::from(scan.said > 0);
        self.bytes += scan.said;
        if let Some(usage) = scan.usage() {
            self.told = Some(usage);
        }
    }
}

#[cfg(test)]
mod tests;
