//! What a page shows beyond the figures: each prompt's scores, and examples of mistakes.

use std::collections::BTreeMap;

use crate::route::classifier::Scores;
use crate::route::{Decision, Reason};

/// What was seen of each prompt.
#[derive(Debug, Default)]
pub(super) struct Detail {
    pub(super) seen: Vec<Seen>,
    /// Of prompts with the same label that went to the same wrong route, the first few's beginnings.
    pub(super) examples: BTreeMap<(Option<usize>, Option<usize>), Vec<String>>,
}

/// One prompt.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) expected: Option<usize>,
    pub(super) given: Option<usize>,
    /// Each route's score, where scores decided.
    pub(super) scores: Option<Vec<f32>>,
}

/// Examples kept of each kind of mistake.
pub(super) const EXAMPLES: usize = 3;

// === impl Detail ===

impl Detail {
    pub(super) fn add(
        &mut self,
        expected: Option<usize>,
        decision: &Decision,
        scores: Option<Scores>,
        excerpt: String,
    ) {
        let given = decision.route;
        if given != expected {
            let examples = self.examples.entry((expected, given)).or_default();
            if examples.len() < EXAMPLES {
                examples.push(excerpt);
            }
        }
        let by_score = matches!(decision.reason, Reason::Semantic | Reason::BelowThreshold);
        let scores = scores.filter(|_| by_score).map(|scores| scores.by_route);
        self.seen.push(Seen { expected, given, scores });
    }
}
