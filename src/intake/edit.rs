//! Values put into a JSON object's text, where all else stays byte for byte.

use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::json::span;

/// Where a key's value is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Over these bytes, its value.
    Over(Range<usize>),
    /// With the key, as one of the object's first, after its opening brace.
    First {
        /// The place after the brace.
        at: usize,
        /// What stands between it and the next key.
        comma: &'static str,
    },
}

/// `body` with `values` under their keys, each in its place in that body.
pub(super) fn edited(body: &Bytes, values: &[(&Place, &str, String)]) -> Bytes {
    let (mut pieces, mut added, mut first) = (Vec::new(), Vec::new(), None);
    for (place, key, value) in values {
        match place {
            Place::Over(range) => pieces.push((range.clone(), value.clone())),
            Place::First { at, comma } => {
                first = Some((*at, *comma));
                added.push(format!("\"{key}\":{value}"));
            }
        }
    }
    pieces.extend(first.map(|(at, comma)| (at..at, added.join(",") + comma)));
    pieces.sort_by_key(|(range, _)| range.start);
    let (mut text, mut done) = (Vec::with_capacity(body.len() + 64), 0);
    for (range, piece) in pieces {
        text.extend_from_slice(&body[done..range.start]);
        text.extend_from_slice(piece.as_bytes());
        done = range.end;
    }
    text.extend_from_slice(&body[done..]);
    text.into()
}

// === impl Place ===

impl Place {
    /// The place of `value`, or of one that the object `whole` does not have yet.
    pub(super) fn of(whole: &str, value: Option<&RawValue>) -> Self {
        if let Some(value) = value {
            return Self::Over(span(whole, value));
        }
        let at = whole.find('{').map_or(0, |brace| brace + 1);
        let is_empty = whole[at..].trim_start().starts_with('}');
        Self::First { at, comma: if is_empty { "" } else { "," } }
    }
}
