//! From a label's logits for each token to spans: the likeliest path of labels in which every span has a beginning. Pure.

use std::ops::Range;
use std::sync::Arc;

use pointsman_engine::OUTPUTS;

use super::{Span, TokenLabel};

/// Labels of a token: outside of all spans, then for each type where a span begins and where it goes on.
pub(super) const LABELS: usize = 1 + 2 * TokenLabel::ALL.len();

/// Where a path stands for one token: for each label, the score of the best path to it and the label before.
type Step = [(f32, usize); LABELS];

/// What a label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Outside,
    Begin(TokenLabel),
    Inside(TokenLabel),
}

/// A span whose end is yet to come.
struct Open {
    range: Range<usize>,
    label: TokenLabel,
    /// The sum of its tokens' probabilities.
    sum: f32,
    tokens: usize,
}

/// The spans of a sequence of tokens; `pieces` are their bytes. Those without any mark the ends, and have no label.
///
/// `biases` are added, for each type, to the logit of being outside as far as that type goes: above 0, a span must be the
/// likelier by so much for each of its tokens. They change the path and not the scores.
pub(super) fn spans(
    logits: &[[f32; OUTPUTS]],
    pieces: &[Range<usize>],
    biases: &[f32; TokenLabel::ALL.len()],
) -> Arc<[Span]> {
    let tokens: Vec<_> = logits.iter().zip(pieces).filter(|(_, piece)| !piece.is_empty()).collect();
    let mut steps = Vec::<Step>::with_capacity(tokens.len());
    for (logits, _) in &tokens {
        steps.push(step(steps.last(), logits, biases));
    }
    let mut spans = Vec::new();
    let mut open: Option<Open> = None;
    for (label, (logits, piece)) in path(&steps).into_iter().zip(&tokens) {
        match (Tag::of(label), &mut open) {
            (Tag::Inside(_), Some(open)) => open.extend(piece, probability(logits, label)),
            (Tag::Begin(of) | Tag::Inside(of), open) => {
                spans.extend(open.take().map(Open::close));
                *open = Some(Open { range: (*piece).clone(), label: of, sum: probability(logits, label), tokens: 1 });
            }
            (Tag::Outside, open) => spans.extend(open.take().map(Open::close)),
        }
    }
    spans.extend(open.map(Open::close));
    spans.into()
}

/// One more token at the end of all paths (Viterbi). What normalises a token's logits is the same for every path, so they
/// do as they are.
fn step(before: Option<&Step>, logits: &[f32; OUTPUTS], biases: &[f32]) -> Step {
    let score = |label: usize| before.map_or(0.0, |before| before[label].0);
    let best = (1..LABELS).fold(0, |best, label| if score(label) > score(best) { label } else { best });
    let mut step = [(score(best) + logits[0], best); LABELS];
    for (of, bias) in biases.iter().enumerate() {
        let (begin, inside) = (1 + 2 * of, 2 + 2 * of);
        step[begin].0 = score(best) + logits[begin] - bias;
        let from = if score(inside) > score(begin) { inside } else { begin };
        // No text begins within a span.
        let path = before.map_or(f32::NEG_INFINITY, |_| score(from));
        step[inside] = (path + logits[inside] - bias, from);
    }
    step
}

/// The labels of the best path.
fn path(steps: &[Step]) -> Vec<usize> {
    let Some(last) = steps.last() else { return Vec::new() };
    let mut label = (1..LABELS).fold(0, |best, label| if last[label].0 > last[best].0 { label } else { best });
    let mut labels = vec![0; steps.len()];
    for (place, step) in labels.iter_mut().zip(steps).rev() {
        *place = label;
        label = step[label].1;
    }
    labels
}

/// How likely `label` is among all (softmax).
fn probability(logits: &[f32; OUTPUTS], label: usize) -> f32 {
    let sum: f32 = logits[..LABELS].iter().map(|logit| (logit - logits[label]).exp()).sum();
    1.0 / sum
}

// === impl Tag ===

impl Tag {
    fn of(label: usize) -> Self {
        match label.checked_sub(1) {
            None => Self::Outside,
            Some(place) if place.is_multiple_of(2) => Self::Begin(TokenLabel::ALL[place / 2]),
            Some(place) => Self::Inside(TokenLabel::ALL[place / 2]),
        }
    }
}

// === impl Open ===

impl Open {
    fn extend(&mut self, piece: &Range<usize>, probability: f32) {
        self.range.end = piece.end;
        self.sum += probability;
        self.tokens += 1;
    }

    fn close(self) -> Span {
        Span { range: self.range, label: self.label, score: self.sum / self.tokens as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const O: usize = 0;
    const B_PERSON: usize = 1;
    const I_PERSON: usize = 2;
    const B_LOCATION: usize = 3;
    const I_LOCATION: usize = 4;
    const EVEN: [f32; 4] = [0.0; 4];

    /// Logits of a token that is `size` likelier to be the one than any other.
    fn token(label: usize, size: f32) -> [f32; OUTPUTS] {
        let mut logits = [0.0; OUTPUTS];
        logits[label] = size;
        logits
    }

    /// Of tokens of four bytes each, one after another.
    fn found(logits: &[[f32; OUTPUTS]], biases: [f32; 4]) -> Vec<(usize, usize, TokenLabel)> {
        let pieces: Vec<Range<usize>> = (0..logits.len()).map(|place| 4 * place..4 * place + 4).collect();
        let spans = spans(logits, &pieces, &biases);
        spans.iter().map(|span| (span.range.start / 4, span.range.end / 4, span.label)).collect()
    }

    fn of(labels: &[usize]) -> Vec<(usize, usize, TokenLabel)> {
        found(&labels.iter().map(|label| token(*label, 9.0)).collect::<Vec<_>>(), EVEN)
    }

    #[test]
    fn tokens_that_belong_together_are_one_span() {
        use TokenLabel::{Location, Person};
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[O, O]), []);
        assert_eq!(of(&[B_PERSON, I_PERSON, O, B_LOCATION]), [(0, 2, Person), (3, 4, Location)]);
        assert_eq!(of(&[B_PERSON, B_PERSON, I_PERSON]), [(0, 1, Person), (1, 3, Person)], "two people");
        assert_eq!(of(&[B_PERSON, B_LOCATION, I_LOCATION]), [(0, 1, Person), (1, 3, Location)]);
    }

    #[test]
    fn no_span_goes_on_that_has_not_begun() {
        use TokenLabel::{Location, Person};
        let mut begins = token(I_PERSON, 5.0);
        begins[B_PERSON] = 4.0;
        assert_eq!(found(&[begins, token(I_PERSON, 5.0)], EVEN), [(0, 2, Person)], "the next likely");
        let mut none = token(I_PERSON, 5.0);
        none[O] = 4.0;
        assert_eq!(found(&[token(O, 9.0), none, token(O, 9.0)], EVEN), []);
        let mut torn = token(I_LOCATION, 5.0);
        torn[I_PERSON] = 4.0;
        assert_eq!(found(&[token(B_PERSON, 5.0), torn], EVEN), [(0, 2, Person)], "a span is of one type");
        assert_eq!(found(&[token(B_PERSON, 0.5), torn], EVEN), [(0, 2, Location)], "the path as a whole counts");
    }

    #[test]
    fn a_score_is_the_mean_probability() {
        let probable = |probability: f32| token(B_PERSON, (8.0 * probability / (1.0 - probability)).ln());
        let goes_on = |probability: f32| token(I_PERSON, (8.0 * probability / (1.0 - probability)).ln());
        let two = spans(&[probable(0.9), goes_on(0.6)], &[0..2, 3..5], &EVEN);
        assert_eq!(two.len(), 1);
        assert!((two[0].score - 0.75).abs() < 1e-5 && two[0].range == (0..5), "{two:?}");
        let pressed = spans(&[probable(0.9), token(O, 9.0)], &[0..2, 3..5], &[-3.0, 0.0, 0.0, 0.0]);
        assert!((pressed[0].score - 0.9).abs() < 1e-5, "whatever the bias: {pressed:?}");
    }

    #[test]
    fn a_bias_holds_one_type_back_or_lets_it_pass() {
        use TokenLabel::{Location, Person};
        let mut logits = token(O, 1.0);
        logits[B_PERSON] = 2.0;
        let mut place = token(O, 1.0);
        place[B_LOCATION] = 2.0;
        let both = [logits, place];
        assert_eq!(found(&both, EVEN), [(0, 1, Person), (1, 2, Location)]);
        assert_eq!(found(&both, [1.5, 0.0, 0.0, 0.0]), [(1, 2, Location)]);
        assert_eq!(found(&[token(O, 1.0)], [-1.5, 0.0, 0.0, 0.0]), [(0, 1, Person)]);
    }

    #[test]
    fn what_marks_the_ends_has_no_label() {
        let logits = [token(B_PERSON, 9.0), token(B_PERSON, 9.0), token(I_PERSON, 9.0), token(I_PERSON, 9.0)];
        let spans = spans(&logits, &[0..0, 0..3, 4..6, 0..0], &EVEN);
        assert_eq!((spans.len(), spans[0].range.clone()), (1, 0..6));
    }

    #[test]
    fn the_path_is_the_best_of_all() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..50 {
            let logits: Vec<[f32; OUTPUTS]> = (0..4).map(|_| std::array::from_fn(|_| 3.0 * random.f32())).collect();
            let biases: [f32; 4] = std::array::from_fn(|_| random.f32() - 0.5);
            let value = |labels: &[usize]| -> f32 {
                let bias = |label: usize| if label == 0 { 0.0 } else { biases[(label - 1) / 2] };
                labels.iter().zip(&logits).map(|(&label, logits)| logits[label] - bias(label)).sum()
            };
            let is_fine = |labels: &[usize]| {
                let goes_on = |label: usize| label > 0 && label.is_multiple_of(2);
                !goes_on(labels[0])
                    && labels.windows(2).all(|two| !goes_on(two[1]) || two[0] == two[1] || two[0] + 1 == two[1])
            };
            let all = (0..LABELS.pow(4)).map(|code| [0, 1, 2, 3].map(|place| code / LABELS.pow(place) % LABELS));
            let best = all.filter(|labels| is_fine(labels)).max_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
            let mut steps = Vec::<Step>::new();
            logits.iter().for_each(|logits| steps.push(step(steps.last(), logits, &biases)));
            let found = path(&steps);
            assert!(is_fine(&found) && value(&found) >= value(&best) - 1e-4, "{found:?} {best:?}");
        }
    }
}
