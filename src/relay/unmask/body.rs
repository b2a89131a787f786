//! A whole answer's placeholders, restored once all of it is there.

use std::borrow::Cow;
use std::mem;

use bytes::Bytes;

use super::json::{Edit, edited, form, leaves, quoted, unquoted};
use super::scan::Restorer;
use super::screen::Screener;
use crate::guard::finding::Entity;
use crate::guard::mask::placeholder::Form;

/// An answer that is held until it is whole.
pub(super) struct Body {
    restorer: Restorer,
    screener: Option<Screener>,
    said: Form,
    limit: usize,
    held: Vec<u8>,
    /// Whether it is longer than what is held.
    is_passing: bool,
    unrestored: bool,
}

// === impl Body ===

impl Body {
    pub(super) fn new(restorer: Restorer, screener: Option<Screener>, said: Form, limit: usize) -> Self {
        Self { restorer, screener, said, limit, held: Vec::new(), is_passing: false, unrestored: false }
    }

    pub(super) fn pass(&mut self, chunk: &Bytes, end: bool) -> Bytes {
        if self.is_passing {
            return chunk.clone();
        }
        self.held.extend_from_slice(chunk);
        if self.held.len() > self.limit {
            (self.is_passing, self.unrestored) = (true, true);
            return mem::take(&mut self.held).into();
        }
        if end { self.finish() } else { Bytes::new() }
    }

    pub(super) fn unrestored(&self) -> bool {
        self.unrestored
    }

    /// How many values of each kind were redacted since this was asked last.
    pub(super) fn redacted(&mut self) -> Vec<(Entity, u64)> {
        self.screener.as_mut().map(Screener::redacted).unwrap_or_default()
    }

    /// The answer as far as it came.
    fn finish(&mut self) -> Bytes {
        let held = mem::take(&mut self.held);
        let edits = str::from_utf8(&held).ok().and_then(|text| Some((text, self.edits(text)?)));
        match edits {
            Some((_, edits)) if edits.is_empty() => held.into(),
            Some((text, edits)) => edited(text, &edits).into(),
            None => {
                self.unrestored |= !held.is_empty();
                held.into()
            }
        }
    }

    /// The texts that change; none where `text` cannot be read.
    fn edits(&mut self, text: &str) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        let mut unrestored = false;
        let Self { restorer, screener, said, .. } = self;
        leaves(text, |path, range| {
            let raw = &text[range.clone()];
            let is_of_concern = raw.starts_with('"') && (screener.is_some() || may_hold(raw.as_bytes()));
            let form = form(path, *said).filter(|_| is_of_concern);
            let Some(form) = form else { return };
            let Some(text) = unquoted(raw) else {
                unrestored = true;
                return;
            };
            let screened = match screener {
                Some(screener) => screener.whole(&text, form),
                None => Cow::from(&*text),
            };
            let restored = restorer.whole(&screened, form);
            if restored != text {
                edits.push((range, quoted(&restored)));
            }
        })?;
        self.unrestored |= unrestored;
        Some(edits)
    }
}

/// Whether JSON may hold a placeholder, or a beginning of one, in one of its strings.
pub(super) fn may_hold(json: &[u8]) -> bool {
    let mut bytes = json.iter();
    while let Some(byte) = bytes.find(|byte| matches!(byte, b'<' | b'&' | b'\\')) {
        // Of the escapes, these may stand for a bracket or begin one.
        if *byte != b'\\' || matches!(bytes.as_slice().first(), None | Some(b'\\' | b'u')) {
            return true;
        }
    }
    false
}
