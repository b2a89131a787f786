//! Names in texts: a head beside the encoder labels each token, and tokens become spans.
//!
//! - `load`: the head's file
//! - `surface`: what of a token's writing the encoder does not see, which is uncased
//! - `decode`: from the head's numbers to spans

mod decode;
mod load;
mod surface;

use std::ops::Range;
use std::sync::Arc;

use pointsman_engine::{Head, OUTPUTS};

pub use load::HeadError;

/// What a span names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenLabel {
    /// A human being, by any part of the name.
    Person,
    /// A city, country, region or landmark.
    Location,
    /// A company, institution or group.
    Organization,
    /// Where something is in a street, or where its mail goes.
    Address,
}

/// A part of a text that names something.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its bytes, from its first token's first to its last token's last.
    pub range: Range<usize>,
    /// What it names.
    pub label: TokenLabel,
    /// The mean probability of its tokens' labels, 0 to 1.
    pub score: f32,
}

/// A head that finds spans in what one encoder reads.
#[derive(Debug)]
pub struct TokenHead {
    /// The name of the encoder that it was trained on.
    encoder: String,
    head: Head,
    /// How much likelier no span has to be, in logits, before a type of span is passed over.
    biases: [f32; TokenLabel::ALL.len()],
}

// === impl TokenLabel ===

impl TokenLabel {
    /// All of them, in the order of a head's outputs.
    pub const ALL: [Self; 4] = [Self::Person, Self::Location, Self::Organization, Self::Address];

    /// Its name, such as `PERSON`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::Location => "LOCATION",
            Self::Organization => "ORGANIZATION",
            Self::Address => "ADDRESS",
        }
    }
}

// === impl TokenHead ===

impl TokenHead {
    /// The name of the encoder that it was trained on, such as `all-MiniLM-L6-v2`.
    pub fn encoder(&self) -> &str {
        &self.encoder
    }

    /// The part that the engine computes.
    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// What the head is told of each of `pieces` of `text`, of which the encoder reads `read`.
    pub(super) fn marks(&self, text: &str, read: &Range<usize>, pieces: &[Range<usize>]) -> Vec<u16> {
        surface::marks(text, read, pieces)
    }

    /// The spans that the head's `logits` for `pieces` tell of.
    pub(super) fn spans(&self, logits: &[[f32; OUTPUTS]], pieces: &[Range<usize>]) -> Arc<[Span]> {
        decode::spans(logits, pieces, &self.biases)
    }
}
