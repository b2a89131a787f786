//! What the models make of a request's texts: the encoder with the shipped heads, or classifiers of the operator's own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::classifier::{Classifier, Outcome, Runner};
use super::inspect::{Gap, Glance};
use super::places::{is_postcode, with_whole_addresses};
use super::{Entity, Finding, Guard, Strength};
use crate::embed::{EncodeError, Examined, Meaning, Text, TokenLabel};
use crate::intake::Pieces;
use crate::intake::pieces::Piece;

/// What the models made of texts, by their pieces' indices.
#[derive(Default)]
pub(super) struct Read {
    /// Window by window: of the piece's own text first, then of its other views.
    windows: HashMap<usize, Vec<Examined>>,
    /// How sure the operator's classifier is that a piece is an attack.
    pub(super) scores: HashMap<usize, f32>,
    /// The names that the operator's classifier found.
    names: HashMap<usize, Vec<Finding>>,
    /// Why not all was read.
    pub(super) gap: Option<Gap>,
}

// === impl Guard ===

impl Guard {
    /// Has the models read what they must.
    pub(super) async fn read(&self, pieces: &Pieces, glance: &Glance) -> Result<Read, EncodeError> {
        let deadline = Instant::now() + self.settings.timeout;
        let encoded = self.encode(pieces, glance, deadline);
        let (mut read, scores, names) = futures::try_join!(
            encoded,
            self.classify(&self.models.sequence, pieces, deadline, |piece| self.judges(piece)),
            self.classify(&self.models.token, pieces, deadline, |_| self.wants_names()),
        )?;
        let is_unread =
            scores.iter().any(|(_, outcome)| outcome.unread > 0) || names.iter().any(|(_, outcome)| outcome.unread > 0);
        read.gap = read.gap.or(is_unread.then_some(Gap::TooLong));
        read.scores = scores.into_iter().map(|(at, outcome)| (at, outcome.value)).collect();
        read.names = names.into_iter().map(|(at, outcome)| (at, outcome.value)).collect();
        Ok(read)
    }

    /// What the encoder makes of the pieces and of their other views.
    async fn encode(&self, pieces: &Pieces, glance: &Glance, deadline: Instant) -> Result<Read, EncodeError> {
        let Some(encoder) = &self.models.encoder else { return Ok(Read::default()) };
        let finds_names = self.wants_names() && self.models.token.is_none();
        let (mut owners, mut texts) = (Vec::new(), Vec::new());
        // The newest first: where not all can be read, the oldest is what was read in earlier turns.
        for (at, piece) in pieces.all.iter().enumerate().rev() {
            if finds_names || glance.evidence[at].is_some() {
                owners.push(at);
                texts.push(Text { text: &piece.text, is_routed: pieces.routed == Some(at) });
            }
            for text in glance.evidence[at].iter().flat_map(|evidence| &evidence.read) {
                owners.push(at);
                texts.push(Text { text, is_routed: false });
            }
        }
        let examined = encoder.examine(&texts, self.settings.max_windows, deadline).await?;
        let gap = examined.iter().any(|examined| examined.unread > 0).then_some(Gap::TooLong);
        let mut read = Read { gap, ..Read::default() };
        for (at, examined) in owners.into_iter().zip(examined) {
            read.windows.entry(at).or_default().push(examined);
        }
        Ok(read)
    }

    /// What a classifier of the operator's own makes of the pieces that `concern` it.
    async fn classify<M: Classifier>(
        &self,
        runner: &Option<Arc<Runner<M>>>,
        pieces: &Pieces,
        deadline: Instant,
        concern: impl Fn(&Piece) -> bool,
    ) -> Result<Vec<(usize, Outcome<M::Output>)>, EncodeError> {
        let Some(runner) = runner else { return Ok(Vec::new()) };
        let concerned = pieces.all.iter().enumerate().filter(|(_, piece)| concern(piece));
        let (places, texts): (Vec<usize>, Vec<Arc<str>>) =
            concerned.map(|(at, piece)| (at, Arc::from(piece.text.as_str()))).unzip();
        let outcomes = runner.run(texts, self.settings.max_windows, deadline).await?;
        Ok(places.into_iter().zip(outcomes).collect())
    }
}

// === impl Read ===

impl Read {
    /// Nothing was read, and that is why.
    pub(super) fn without(gap: Gap) -> Self {
        Self { gap: Some(gap), ..Self::default() }
    }

    /// The names in the piece `at`, whose text that is; addresses whole, and their parts too.
    pub(super) fn names(&self, at: usize, text: &str) -> Vec<Finding> {
        // The first that was read for a piece is its own text.
        let own = self.windows.get(&at).and_then(|read| read.first());
        let spans = own.into_iter().flat_map(|own| &own.windows).flat_map(|window| window.spans.iter());
        let found = spans.map(|span| Finding {
            entity: entity(span.label),
            range: whole_words(text, &span.range),
            score: span.score,
            strength: Strength::Model,
        });
        let found = found.filter(|finding| !finding.range.is_empty());
        let mut names = with_whole_addresses(text, found.collect());
        // The head was taught that postcodes belong to addresses, and takes a year for one now and then.
        names.retain(|name| !is_postcode(name, text));
        let others = self.names.get(&at).map_or(Vec::new(), |others| with_whole_addresses(text, others.clone()));
        names.into_iter().chain(others).collect()
    }

    /// The meanings of the windows of a piece and its views, without those of the first `skipped` of them.
    pub(super) fn windows(&self, at: usize, skipped: usize) -> Vec<&[f32]> {
        let read = self.windows.get(&at).into_iter().flatten().skip(skipped);
        read.flat_map(|examined| &examined.windows).map(|window| &*window.embedding).collect()
    }

    /// What a piece means.
    pub(super) fn meaning(&self, at: usize) -> Option<Meaning> {
        self.windows.get(&at)?.first()?.meaning.clone()
    }
}

/// `range` with all of the words that it holds parts of, as half a name is one that leaked, and without what only follows.
fn whole_words(text: &str, range: &Range<usize>) -> Range<usize> {
    let is_word = |letter: &char| letter.is_alphanumeric();
    let is_inside = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric());
    let inside = text[range.clone()].trim_end_matches([' ', '\n', ',', ';', ':']);
    let range = range.start..range.start + inside.len();
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let length =
        |letters: &mut dyn Iterator<Item = char>| letters.take_while(is_word).map(char::len_utf8).sum::<usize>();
    let more_before = if is_inside(inside.chars().next()) { length(&mut before.chars().rev()) } else { 0 };
    let more_after = if is_inside(inside.chars().next_back()) { length(&mut after.chars()) } else { 0 };
    range.start - more_before..range.end + more_after
}

fn entity(label: TokenLabel) -> Entity {
    match label {
        TokenLabel::Person => Entity::Person,
        TokenLabel::Location => Entity::Location,
        TokenLabel::Organization => Entity::Organization,
        TokenLabel::Address => Entity::Address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_word_is_all_of_it() {
        let text = "by Núñez-Ó, x";
        for (part, whole) in
            [("Nú", "Núñez"), ("ñe", "Núñez"), ("ez-", "Núñez-"), ("-Ó", "-Ó"), ("Ó,", "Ó"), ("Ó, ", "Ó"), ("x", "x")]
        {
            let start = text.find(part).unwrap();
            assert_eq!(&text[whole_words(text, &(start..start + part.len()))], whole, "{part}");
        }
    }
}
