//! Placeholders in texts: how they are spelled, and how they are found again where somebody spells them otherwise.
//!
//! A model reads `<PERSON_1_k7q2>`, the cache keeps `<PERSON_1>`. What comes back may be in other case, have white space
//! between its parts, or be escaped for HTML (`&lt;`) or JSON (`\u003c`). All of that still counts; nothing else does.

mod read;

use std::borrow::Cow;
use std::ops::Range;

use crate::guard::finding::Entity;

pub use read::{AROUND_MAX, Candidate, Candidates, Name, Next, Reading};

/// What is in a text, so that what stands in it is taken for what it means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    #[default]
    Text,
    /// JSON, or a part of it: two backslashes are one that begins nothing, and values are escaped.
    Json,
}

/// Something in a text that looks like a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    /// Where it stands.
    pub range: Range<usize>,
    /// What is between its brackets, in capitals and without white space.
    pub name: Name,
}

/// The type of texts of the client's own that look like placeholders.
pub const TEXT: &str = "TEXT";

/// A longer type is cut.
const KIND_MAX: usize = 40;

/// The type that placeholders of this kind of value have. It is written in letters, digits and underscores.
pub fn kind(entity: &Entity) -> Cow<'_, str> {
    let Entity::Custom(name) = entity else { return entity.name().into() };
    let is_sound = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() <= KIND_MAX
        && name.bytes().all(is_sound)
        && name.starts_with(|first: char| first.is_ascii_uppercase())
    {
        return (&**name).into();
    }
    let sound = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    let kind: String = name.chars().map(sound).skip_while(|char| !char.is_ascii_uppercase()).take(KIND_MAX).collect();
    if kind.is_empty() { "CUSTOM".into() } else { kind.into() }
}

/// Whatever in `text` looks like a placeholder, whosever it is. Without a salt, only what is spelled exactly as ours are
/// does, or has a type that all know: `<DOC_1>` and `< person_1 >`, but not `<doc_1>`, which prompts are full of.
pub fn scan(text: &str, form: Form) -> impl Iterator<Item = Lookalike> {
    Candidates::new(text, form).filter_map(move |candidate| {
        let Reading::Whole { name, length } = candidate.reading else { return None };
        let range = candidate.start..candidate.start + length;
        let is_exact =
            text[range.clone()].strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) == Some(name.as_str());
        is_placeholder(name.as_str(), is_exact).then_some(Lookalike { range, name })
    })
}

/// Whether `name` is a placeholder's, with a salt or without.
fn is_placeholder(name: &str, is_exact: bool) -> bool {
    let Some((head, last)) = name.rsplit_once('_') else { return false };
    if is_number(last) {
        return is_kind(head) && (is_exact || is_known(head));
    }
    is_salt(last) && head.rsplit_once('_').is_some_and(|(kind, number)| is_number(number) && is_kind(kind))
}

fn is_number(text: &str) -> bool {
    !text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a salt, in capitals.
fn is_salt(text: &str) -> bool {
    text.len() == 4
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
}

fn is_known(kind: &str) -> bool {
    kind == TEXT || Entity::KNOWN.iter().any(|entity| entity.name() == kind)
}

// === impl Form ===

impl Form {
    /// What `value` in such a text stands for.
    pub fn read(self, value: &str) -> Cow<'_, str> {
        let escaped = self == Self::Json && value.contains('\\');
        let read = escaped.then(|| serde_json::from_str(&format!("\"{value}\"")).ok()).flatten();
        read.map_or(Cow::Borrowed(value), Cow::Owned)
    }

    /// Writes `value` as it is written in such a text.
    pub fn write(self, value: &str, out: &mut String) {
        match self {
            Self::Text => out.push_str(value),
            Self::Json => {
                // Text can always be written as JSON.
                let quoted = serde_json::to_string(value).unwrap_or_else(|_| "\"\"".to_owned());
                out.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests;
