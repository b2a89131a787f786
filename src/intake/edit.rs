//! Pieces put into a JSON text, where all else stays byte for byte.

use std::ops::Range;

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

/// `whole` with `values` under their keys, each in its place in that object.
pub(super) fn edited(whole: &str, values: &[(&Place, &str, &str)]) -> String {
    let (mut pieces, mut added, mut first) = (Vec::new(), Vec::new(), None);
    for (place, key, value) in values {
        match place {
            Place::Over(range) => pieces.push((range.clone(), (*value).to_owned())),
            Place::First { at, comma } => {
                first = Some((*at, *comma));
                added.push(format!("{}:{value}", quoted(key)));
            }
        }
    }
    pieces.extend(first.map(|(at, comma)| (at..at, added.join(",") + comma)));
    spliced(whole, pieces)
}

/// `whole` with each piece in the place of its range; no two ranges overlap.
pub(crate) fn spliced(whole: &str, mut pieces: Vec<(Range<usize>, String)>) -> String {
    pieces.sort_by_key(|(range, _)| (range.start, range.end));
    let added: usize = pieces.iter().map(|(_, piece)| piece.len()).sum();
    let (mut text, mut done) = (String::with_capacity(whole.len() + added), 0);
    for (range, piece) in pieces {
        text.push_str(&whole[done..range.start]);
        text.push_str(&piece);
        done = range.end;
    }
    text.push_str(&whole[done..]);
    text
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
