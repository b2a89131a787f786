//! The answer on its way through: followed as far as is needed to end a stream honestly where the peer did not.
//!
//! - `capture`: puts it together as it passes, so that it can be given again
//! - `unmask`: gives back what was masked in the request
//! - `tally`: reads what it took out of it as it passes, or estimates that
//! - `usage`: has a stream tell its usage, and keeps that from a client that did not ask

mod capture;
mod tally;
mod unmask;
mod usage;

use bytes::Bytes;
use http::header;
use pingora::http::ResponseHeader;

use crate::failure::Failure;
use crate::openai::{error, sse};

pub use capture::Capture;
pub use tally::{Tally, Took};
pub use unmask::{Screen, Unmask, restored, screened, stored};
pub use usage::{UsageFilter, ask_for_usage};

/// An answer that is being passed on.
#[derive(Debug, Clone, Copy, Default)]
pub enum Relay {
    /// Not begun, or nothing that could be ended by us.
    #[default]
    Opaque,
    /// A stream of server-sent events.
    Events(sse::Position),
}

// === impl Relay ===

impl Relay {
    /// What the answer's head says of the body to come.
    pub fn begin(head: &ResponseHeader) -> Self {
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_events =
            kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"));
        // A body of declared length has no room for an event of ours.
        match is_events && !head.headers.contains_key(header::CONTENT_LENGTH) {
            true => Self::Events(sse::Position::default()),
            false => Self::Opaque,
        }
    }

    /// Whether it is a stream of events that others may be left out of.
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Events(_))
    }

    /// Follows a chunk that is passed on.
    pub fn pass(&mut self, chunk: &[u8]) {
        if let Self::Events(position) = self {
            *position = position.after(chunk);
        }
    }

    /// How a broken stream ends: an error event, and no `[DONE]`. None where the break must stay visible as it is.
    pub fn broken(self, failure: &Failure) -> Option<Bytes> {
        match self {
            Self::Opaque => None,
            Self::Events(position) => Some([position.closing(), &sse::event(&error::body(failure))].concat().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Reason;

    fn head(kind: &str) -> ResponseHeader {
        let mut head = ResponseHeader::build(200, None).unwrap();
        head.insert_header("content-type", kind.to_owned()).unwrap();
        head
    }

    #[test]
    fn a_broken_stream_ends_in_an_event_of_its_own() {
        let mut relay = Relay::begin(&head("text/event-stream; charset=utf-8"));
        relay.pass(b"data: {\"choices\":[]}\n\nda");
        let end = relay.broken(&Failure::new(Reason::UpstreamFailed, "gone")).unwrap();
        assert!(end.starts_with(b"\n\ndata: {\"error\":{") && end.ends_with(b"}}\n\n"));
    }

    #[test]
    fn other_answers_are_left_broken() {
        let mut with_length = head("text/event-stream");
        with_length.insert_header("content-length", "5").unwrap();
        let failure = Failure::new(Reason::UpstreamFailed, "gone");
        assert!(Relay::begin(&with_length).broken(&failure).is_none());
        assert!(Relay::begin(&head("application/json")).broken(&failure).is_none());
    }
}
