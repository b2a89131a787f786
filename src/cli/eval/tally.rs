//! How often what was given is what was expected.

use std::collections::BTreeMap;

use serde::Serialize;

/// How often each label was answered with each route: expected → given → times. What has no route is called `default`.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, BTreeMap<String, usize>>);

/// One route's scores; a share of nothing is 0.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Scores {
    /// Prompts labelled with it.
    pub(super) n: usize,
    /// Of those sent to it, the share labelled with it.
    pub(super) precision: f64,
    /// Of those labelled with it, the share sent to it.
    pub(super) recall: f64,
    /// Their harmonic mean.
    pub(super) f1: f64,
}

// === impl Tally ===

impl Tally {
    pub(super) fn add(&mut self, expected: &str, given: &str) {
        *self.0.entry(expected.into()).or_default().entry(given.into()).or_default() += 1;
    }

    /// All prompts, and the share of them that went where their label says.
    pub(super) fn accuracy(&self) -> (usize, f64) {
        self.accuracy_of(|_| true)
    }

    /// The same of those with a `wanted` label.
    pub(super) fn accuracy_of(&self, wanted: impl Fn(&str) -> bool) -> (usize, f64) {
        let rows = || self.0.iter().filter(|(expected, _)| wanted(expected));
        let n = rows().flat_map(|(_, given)| given.values()).sum();
        (n, share(rows().map(|(label, _)| self.times(label, label)).sum(), n))
    }

    pub(super) fn by_route(&self) -> BTreeMap<String, Scores> {
        let labels = self.0.iter().flat_map(|(expected, given)| given.keys().chain([expected]));
        labels.map(|label| (label.clone(), self.scores(label))).collect()
    }

    /// Expected → given → times.
    pub(super) fn confusion(self) -> BTreeMap<String, BTreeMap<String, usize>> {
        self.0
    }

    fn scores(&self, label: &str) -> Scores {
        let right = self.times(label, label);
        let n = self.0.get(label).into_iter().flat_map(BTreeMap::values).sum();
        let given = self.0.keys().map(|expected| self.times(expected, label)).sum();
        Scores { n, precision: share(right, given), recall: share(right, n), f1: share(2 * right, n + given) }
    }

    fn times(&self, expected: &str, given: &str) -> usize {
        self.0.get(expected).and_then(|row| row.get(given)).copied().unwrap_or(0)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_textbook() {
        let mut tally = Tally::default();
        for (expected, given, times) in [("a", "a", 6), ("a", "b", 2), ("b", "b", 3), ("b", "a", 1), ("b", "c", 4)] {
            (0..times).for_each(|_| tally.add(expected, given));
        }
        assert_eq!(tally.accuracy(), (16, 9.0 / 16.0));
        assert_eq!(tally.accuracy_of(|label| label == "a"), (8, 0.75));
        let by_route = tally.by_route();
        assert_eq!(by_route["a"], Scores { n: 8, precision: 6.0 / 7.0, recall: 0.75, f1: 12.0 / 15.0 });
        assert_eq!(by_route["b"], Scores { n: 8, precision: 0.6, recall: 0.375, f1: 6.0 / 13.0 });
        assert_eq!(by_route["c"], Scores { n: 0, precision: 0.0, recall: 0.0, f1: 0.0 });
        assert_eq!(tally.confusion()["b"]["c"], 4);
    }

    #[test]
    fn an_empty_file_scores_nothing() {
        let tally = Tally::default();
        assert_eq!((tally.accuracy(), tally.by_route().len()), ((0, 0.0), 0));
    }
}
