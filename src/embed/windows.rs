//! How a text that is longer than the model reads is seen: in windows, pooled into one meaning. Pure.

use std::iter;
use std::ops::Range;

use super::Embedding;
use super::text::{Cut, End, MAX_BYTES, resume};

/// Bytes of a segment. Most texts have no more tokens in so many than the model reads at once.
pub(super) const SEGMENT_BYTES: usize = 768;

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

/// What follows in `text` where its head was read to the byte `head`: pieces one after another, so that they stay what
/// they are when it grows.
pub(super) fn segments(text: &str, head: usize) -> impl Iterator<Item = Cut<'_>> {
    let is_read = text.get(head..).is_some_and(|rest| rest.trim().is_empty());
    let mut at = if is_read { text.len() } else { resume(text, head) };
    let pieces = iter::from_fn(move || {
        let segment = Cut::segment(text, at, SEGMENT_BYTES);
        at += segment.text.len();
        (!segment.text.is_empty()).then_some(segment)
    });
    pieces.filter(|segment| !segment.text.trim().is_empty())
}

/// How many bytes of each of `windows`, parts of `text`, lie in its first `head` bytes or in what the at most `at_most`
/// windows that [`sample`] would choose beyond them would see, where each sees as many bytes.
pub(super) fn shared(text: &str, head: usize, at_most: usize, windows: &[Range<usize>]) -> Vec<usize> {
    let tail = text.len().saturating_sub(head);
    let first = |cut: &Cut| match cut.end {
        End::Head => cut.at,
        End::Tail => cut.at.max(tail),
    };
    let begin: Vec<usize> = sample(text, head, at_most).iter().map(first).collect();
    let within =
        |window: &Range<usize>, begin: &usize| window.end.min(begin + head).saturating_sub(window.start.max(*begin));
    let shared = |window| [0].iter().chain(&begin).map(|begin| within(window, begin)).sum();
    windows.iter().map(shared).collect()
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
    fn windows_share_with_what_a_sample_would_see() {
        let text = words(1000);
        let windows = [0..2000, 2000..2700, 2700..4000, 4000..4500, 4500..9500, 9500..10_000];
        assert_eq!(shared(&text, 2000, 2, &windows), [2000, 0, 0, 500, 1500 + 1500, 500], "half way, and the tail");
        assert_eq!(shared(&text, 2000, 0, &windows), [2000, 0, 0, 0, 0, 0]);
        assert_eq!(shared(&words(200), 2000, 9, &windows[..1]), [2000]);
    }

    #[test]
    fn segments_are_the_text_and_stay_when_it_grows() {
        for text in [words(1000), "字".repeat(3000), format!("{} {}", "x".repeat(2000), words(500))] {
            let pieces: Vec<Cut> = segments(&text, 0).collect();
            assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
            assert!(pieces.iter().all(|piece| piece.text.len() <= SEGMENT_BYTES));
            let grown = format!("{text} and more");
            let again: Vec<Cut> = segments(&grown, 0).take(pieces.len() - 1).collect();
            assert_eq!(again, pieces[..pieces.len() - 1]);
        }
        assert_eq!(segments(" \n", 0).count(), 0);
        assert_eq!(segments("one two  ", 7).count(), 0, "all of it was read");
        let text = words(200);
        let rest: Vec<Cut> = segments(&text, 1013).collect();
        assert_eq!((rest[0].at, begin(&rest)[0]), (1010, 101), "from the word that the head broke off");
        assert_eq!(rest.iter().map(|piece| piece.text).collect::<String>(), text[1010..]);
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
