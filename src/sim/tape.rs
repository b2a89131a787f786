//! What was really received, for black-box tests: the last requests, byte for byte.
//!
//! Recording keeps the request's own buffers; everything costly (text, base64, checksum) waits until somebody asks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use axum::http::request::Parts;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::door::{Fate, Occupied};
use super::hash::{FNV_EMPTY, fnv1a};

/// Bodies up to this many bytes are shown as text, where they are UTF-8.
const TEXT_MAX: usize = 64 << 10;
/// Bodies kept at once, in bytes; the oldest requests go first.
const BYTES_MAX: usize = 256 << 20;

/// The last requests.
pub(super) struct Tape {
    depth: usize,
    total: AtomicU64,
    reel: Mutex<Reel>,
}

/// A request under way. Dropped before [`Turn::finish`], it counts as left by its client.
pub(super) struct Turn {
    occupied: Occupied,
    entry: Option<Arc<Entry>>,
    finished: bool,
}

#[derive(Default)]
struct Reel {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

struct Entry {
    id: u64,
    request: Parts,
    body: Bytes,
    state: AtomicU8,
}

const OPEN: u8 = 0;
const FINISHED: u8 = 1;
const ABORTED: u8 = 2;

// === impl Tape ===

impl Tape {
    /// Keeps the last `depth` requests; 0 records nothing.
    pub(super) fn new(depth: usize) -> Self {
        Self { depth, total: AtomicU64::new(0), reel: Mutex::default() }
    }

    /// Records a request, and follows what becomes of it.
    pub(super) fn record(&self, request: Parts, body: Bytes, occupied: Occupied) -> Turn {
        let id = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let entry = (self.depth > 0).then(|| {
            let entry = Arc::new(Entry { id, request, body, state: AtomicU8::new(OPEN) });
            self.reel.lock().push(Arc::clone(&entry), self.depth);
            entry
        });
        Turn { occupied, entry, finished: false }
    }

    /// Forgets all requests.
    pub(super) fn clear(&self) {
        *self.reel.lock() = Reel::default();
        self.total.store(0, Ordering::Relaxed);
    }

    /// How many requests there were, and the last of them, oldest first.
    pub(super) fn show(&self) -> Value {
        let entries: Vec<_> = self.reel.lock().entries.iter().cloned().collect();
        let requests: Vec<_> = entries.iter().map(|entry| entry.show()).collect();
        json!({ "total": self.total.load(Ordering::Relaxed), "requests": requests })
    }
}

// === impl Turn ===

impl Turn {
    /// Follows a request without recording it.
    pub(super) fn unrecorded(occupied: Occupied) -> Self {
        Self { occupied, entry: None, finished: false }
    }

    /// All that was to be sent has been handed over.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    /// Ends the connection on purpose; the client is not to blame.
    pub(super) fn doom(&mut self, fate: Fate) {
        self.occupied.doom(fate);
        self.finish();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(entry) = &self.entry {
            entry.state.store(if self.finished { FINISHED } else { ABORTED }, Ordering::Release);
        }
    }
}

// === impl Reel ===

impl Reel {
    fn push(&mut self, entry: Arc<Entry>, depth: usize) {
        self.bytes += entry.body.len();
        self.entries.push_back(entry);
        while self.entries.len() > depth || (self.bytes > BYTES_MAX && self.entries.len() > 1) {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.body.len();
            }
        }
    }
}

// === impl Entry ===

impl Entry {
    fn show(&self) -> Value {
        let Parts { method, uri, headers, .. } = &self.request;
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| [name.as_str().into(), String::from_utf8_lossy(value.as_bytes())])
            .collect();
        let state = self.state.load(Ordering::Acquire);
        let mut shown = json!({
            "id": self.id,
            "method": method.as_str(),
            "path": uri.path_and_query().map_or("", |target| target.as_str()),
            "headers": headers,
            "body_length": self.body.len(),
            "fnv1a": format!("{:016x}", fnv1a(FNV_EMPTY, &self.body)),
            "finished": state == FINISHED,
            "aborted": state == ABORTED,
        });
        match std::str::from_utf8(&self.body) {
            Ok(text) if text.len() <= TEXT_MAX => shown["body"] = text.into(),
            _ => shown["body_base64"] = base64(&self.body).into(),
        }
        shown
    }
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let [first, second, third] = [0, 1, 2].map(|at| u32::from(group.get(at).copied().unwrap_or(0)));
        let bits = first << 16 | second << 8 | third;
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_gives_the_rfc_s_examples() {
        let plain = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let coded = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(plain.map(|text| base64(text.as_bytes())), coded);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_too_large_ones() {
        let entry = |id, size| {
            let (request, ()) = axum::http::Request::new(()).into_parts();
            Arc::new(Entry { id, request, body: vec![0; size].into(), state: AtomicU8::new(OPEN) })
        };
        let mut reel = Reel::default();
        for id in 0..5 {
            reel.push(entry(id, 10), 3);
        }
        assert_eq!(reel.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [2, 3, 4]);
        reel.push(entry(5, BYTES_MAX - 10), 3);
        assert_eq!(reel.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(reel.bytes, BYTES_MAX);
    }
}
