//! How a text that is longer than the model reads is seen: in windows, pooled into one meaning. Pure.

use std::iter;
use std::ops::Range;

use super::Embedding;
use super::text::{Cut, MAX_BYTES};

/// Bytes of a segment. Most texts have no more tokens in so many than the model reads at once.
const SEGMENT_BYTES: usize = 768;

/// At most `at_most` windows on `text` beyond its first `head` bytes: its tail and others evenly before it, no more
/// than it takes to see everything where each sees as many bytes as the head did. What would see nothing but white space is left out.
pub(super) fn sample(text: &str, head: usize, at_most: usize) -> Vec<Cut<'_>> {
    let rest = text.len() - head;
    let windows = rest.div_ceil(head.max(1)).min(at_most);
    let between = (1..windows).map(|window| Cut::within(text, rest / windows * window));
    let tail = (windows > 0).then(|| Cut::tail(text, head));
    let beyond = |cut: &Cut| text.get(cut.at.max(head)..cut.at + cut.text.len()).unwrap_or_default();
    between.chain(tail).filter(|cut| !beyond(cut).trim().is_empty()).collect()
}

/// `text` in pieces one after another, from its beginning, so that they stay what they are when it grows.
pub(super) fn segments(text: &str) -> impl Iterator<Item = Cut<'_>> {
    let mut at = 0;
    let pieces = iter::from_fn(move || {
        let segment = Cut::segment(text, at, SEGMENT_BYTES);
        at += segment.text.len();
        (!segment.text.is_empty()).then_some(segment)
    });
    pieces.filter(|segment| !segment.text.trim().is_empty())
}

/// How many bytes of `text` lie in none of `read`, but for white space around those parts.
pub(super) fn unread(text: &str, mut read: Vec<Range<usize>>) -> usize {
    read.sort_by_key(|part| part.start);
    let end = text.len();
    let mut seen = 0;
    let mut bytes = 0;
    for part in read.into_iter().chain(iter::once(end..end)) {
        if part.start > seen {
            let gap = seen..part.start;
            // Beyond a page it is no matter of a few spaces, and not worth the time.
            let short = text.get(gap.clone()).filter(|gap| gap.len() <= MAX_BYTES);
            bytes += short.map_or(gap.len(), |gap| gap.trim().len());
        }
        seen = seen.max(part.end);
    }
    bytes
}

/// One meaning of several windows: their mean, weighted by their tokens, of length one. None where they cancel out.
pub(super) fn pool(windows: &[(Embedding, usize)]) -> Option<Embedding> {
    if let [(only, _)] = windows {
        return Some(only.clone());
    }
    let mut sum = vec![0.0; windows.first()?.0.len()];
    for (embedding, tokens) in windows {
        sum.iter_mut().zip(embedding.iter()).for_each(|(sum, x)| *sum += x * *tokens as f32);
    }
    Embedding::towards(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of numbered words, of ten bytes each.
    fn words(count: usize) -> String {
        (0..count).map(|number| format!("word{number:05} ")).collect()
    }

    /// Where each window begins, as numbers of words.
    fn begin(cuts: &[Cut]) -> Vec<usize> {
        cuts.iter().map(|cut| cut.text[4..9].parse().unwrap()).collect()
    }

    #[test]
    fn a_sample_holds_the_tail_and_is_spread_evenly() {
        let text = words(100_000);
        let cuts = sample(&text, 2000, 4);
        assert_eq!(begin(&cuts), [24_950, 49_900, 74_850, 100_000 - 256]);
        assert!(cuts.iter().all(|cut| cut.text.len() <= 2600), "what waits is short");
        assert_eq!(begin(&sample(&text, 2000, 1)), [100_000 - 256], "the tail comes first");
        assert_eq!(sample(&text, 2000, 0), []);
    }

    #[test]
    fn a_sample_is_no_larger_than_the_rest() {
        assert_eq!(begin(&sample(&words(210), 2000, 9)), [200], "the tail begins where the head ended");
        assert_eq!(begin(&sample(&words(500), 2000, 9)), [150, 500 - 256]);
        assert_eq!(sample(&words(200), 2000, 9), []);
        assert_eq!(sample(&format!("{}{}", words(200), " ".repeat(5000)), 2000, 9), [], "white space says nothing");
    }

    #[test]
    fn segments_are_the_text_and_stay_when_it_grows() {
        for text in [words(1000), "字".repeat(3000), format!("{} {}", "x".repeat(2000), words(500))] {
            let pieces: Vec<Cut> = segments(&text).collect();
            assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
            assert!(pieces.iter().all(|piece| piece.text.len() <= SEGMENT_BYTES));
            let grown = format!("{text} and more");
            let again: Vec<Cut> = segments(&grown).take(pieces.len() - 1).collect();
            assert_eq!(again, pieces[..pieces.len() - 1]);
        }
        assert_eq!(segments(" \n").count(), 0);
    }

    #[test]
    fn what_no_window_read_is_counted_but_for_spaces() {
        let text = "one two three four";
        let unread = |parts: &[Range<usize>]| unread(text, parts.to_vec());
        assert_eq!(unread(&[]), 18);
        assert_eq!(unread(&[0..9, 5..18]), 0);
        assert_eq!(unread(&[0..3, 4..7, 8..18]), 0);
        assert_eq!(unread(&[14..18, 0..5, 0..3]), "wo three".len());
    }

    #[test]
    fn a_pool_is_the_mean_direction() {
        let [east, north, west] = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]].map(|x| Embedding::from(x.to_vec()));
        let pool = |windows: &[(&Embedding, usize)]| {
            pool(&windows.iter().map(|(embedding, tokens)| ((*embedding).clone(), *tokens)).collect::<Vec<_>>())
        };
        assert_eq!(pool(&[(&east, 9)]), Some(east.clone()));
        let between = pool(&[(&east, 9), (&north, 9)]).unwrap();
        assert!(between.iter().all(|x| (x - 0.5f32.sqrt()).abs() < 1e-6), "{between:?}");
        let nearer_east = pool(&[(&east, 4), (&north, 3)]).unwrap();
        assert!((nearer_east[0] - 0.8).abs() < 1e-6 && (nearer_east[1] - 0.6).abs() < 1e-6, "{nearer_east:?}");
        assert_eq!(pool(&[(&east, 9), (&west, 9)]), None);
        assert_eq!(pool(&[]), None);
    }
}
