//! A text as it is meant: what hides it from a reader of words is undone.
//!
//! - `fold`, `confuse`: one text for all that look alike
//! - `decode`: base64, hex, escapes and other codes
//! - `spaced`, `leet`, `cipher`: words that are written oddly
//! - `vocabulary`: what is language and what is noise
//!
//! Two views come of it: the folded text, in which every attack that is written plainly stands, and, only where something
//! was undone, the text with all of it undone. The second is never the only one, so what is harmed there (a product's
//! number that becomes a word) harms nothing.

mod cipher;
mod confuse;
mod decode;
mod fold;
mod leet;
mod letters;
mod spaced;
#[cfg(test)]
mod tests;
mod vocabulary;

pub(crate) use self::fold::fold;
pub(crate) use self::letters::{class, is_letter, is_letter_or_digit};

/// What an encoder gets to see of a view.
const SHOWN: usize = 4096;

/// A payload shorter than this is not worth a window of its own.
const WORTH: usize = 12;

/// The views of a text.
#[derive(Debug, Default)]
pub(crate) struct Views {
    /// The text folded.
    pub(crate) plain: String,
    /// The text with what hid words undone, folded.
    pub(crate) undone: Option<String>,
    /// What codes said.
    pub(crate) payloads: Vec<String>,
    /// Whether characters hid or disguised words.
    pub(crate) hidden: bool,
}

// === impl Views ===

impl Views {
    /// Takes time in proportion to the length of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let plain = fold(text);
        let decoded = decode::decode(text);
        let (mut undone, payloads) = match decoded {
            Some(decoded) => (Some(fold(&decoded.text).text), decoded.payloads),
            None => (None, Vec::new()),
        };
        for step in [spaced::joined, leet::undone, cipher::undone] {
            if let Some(next) = step(undone.as_deref().unwrap_or(&plain.text)) {
                undone = Some(next);
            }
        }
        Self { plain: plain.text, undone, payloads, hidden: plain.hidden }
    }

    /// All views.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.plain.as_str()).chain(self.undone.as_deref())
    }

    /// Replaces each view for which `edit` gives another text, and says whether there was one.
    pub(crate) fn edit(&mut self, edit: impl Fn(&str) -> Option<String>) -> bool {
        let plain = edit(&self.plain);
        let undone = self.undone.as_deref().and_then(&edit);
        let edited = plain.is_some() || undone.is_some();
        if let Some(plain) = plain {
            self.plain = plain;
        }
        if undone.is_some() {
            self.undone = undone;
        }
        edited
    }

    /// Texts that an encoder should see in place of the original: all of the folded text, and what was undone.
    pub(crate) fn shown_instead(&self) -> Vec<String> {
        let undone = self.undone.as_deref().map(|undone| around(undone, &self.plain).to_owned());
        std::iter::once(self.plain.clone()).chain(undone).collect()
    }

    /// Texts that an encoder should see beside the original: none where that says it all.
    pub(crate) fn shown(&self) -> Vec<String> {
        let mut shown = Vec::new();
        if let Some(undone) = &self.undone {
            shown.push(around(undone, &self.plain).to_owned());
        } else if self.hidden {
            shown.push(head(&self.plain).to_owned());
        }
        let payloads = self.payloads.join("\n");
        if payloads.len() >= WORTH && shown.first().is_none_or(|shown| shown.trim() != payloads.trim()) {
            shown.push(head(&payloads).to_owned());
        }
        shown
    }
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN)]
}

/// The part of `changed` where it begins to differ from `from`.
fn around<'a>(changed: &'a str, from: &str) -> &'a str {
    let same = changed.bytes().zip(from.bytes()).take_while(|(a, b)| a == b).count();
    let start = if changed.len() <= SHOWN { 0 } else { changed.floor_char_boundary(same.saturating_sub(SHOWN / 4)) };
    head(&changed[start..])
}
