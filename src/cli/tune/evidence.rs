//! What thresholds are judged by: labelled lines, or samples as if they were prompts.

use std::path::Path;
use std::sync::Arc;

use crate::cli::labelled;
use crate::cli::offline::{Embedded, Offline};
use crate::route::classifier::{HeldOut, STRANGERS};
use crate::route::rule::{RouteShown, Truth};
use crate::route::{Reason, Table};

/// A prompt whose right route is known.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) expected: Option<usize>,
    /// Each route's; minus infinity where a route has no samples.
    pub(super) scores: Vec<f32>,
    /// How many prompts it stands for.
    pub(super) weight: f64,
    /// What is judged twice has one number.
    pub(super) number: usize,
}

/// Every sample, by what was learnt from the others: once as what it is, and once as if its route did not exist, so that
/// it belonged to none.
pub(super) fn of_samples(table: &Table) -> Vec<Judged> {
    let held_out = table.learnt().held_out().into_iter().enumerate();
    let both = held_out.flat_map(|(number, HeldOut { route, scores, strange })| {
        [(Some(route), scores, 1.0), (None, strange, STRANGERS)].map(|(expected, scores, weight)| Judged {
            expected,
            scores: of_rivals(table, scores),
            weight,
            number,
        })
    });
    both.collect()
}

/// The lines of a labelled file that scores decide.
///
/// # Errors
/// As of [`labelled::open`] and [`labelled::decide`].
pub(super) fn of_lines(offline: &Arc<Offline>, path: &Path) -> anyhow::Result<Vec<Judged>> {
    let (table, mut judged) = (&offline.table, Vec::new());
    labelled::decide(offline, labelled::open(path)?, path, |prompt, decided| {
        let by_score = matches!(decided.decision.reason, Reason::Semantic | Reason::BelowThreshold);
        if let Some(query) = decided.read.as_ref().filter(|_| by_score).map(Embedded::query) {
            let mut scores = of_rivals(table, table.scores(&query).by_route);
            offline.explain(query.text, &decided, |rules| {
                leave_out(rules.iter().flat_map(|rules| &rules.routes), &mut scores)
            });
            judged.push(Judged { expected: prompt.expected, scores, weight: 1.0, number: judged.len() });
        }
    })?;
    Ok(judged)
}

/// A route whose rule does not hold has no say, whatever its score.
fn leave_out<'a>(rules: impl Iterator<Item = &'a RouteShown<'a>>, scores: &mut [f32]) {
    let failed = rules.zip(scores).filter(|(shown, _)| shown.rule != Truth::Yes);
    failed.for_each(|(_, score)| *score = f32::NEG_INFINITY);
}

fn of_rivals(table: &Table, mut scores: Vec<f32>) -> Vec<f32> {
    for (route, score) in scores.iter_mut().enumerate() {
        if table.sample_count(route) == 0 {
            *score = f32::NEG_INFINITY;
        }
    }
    scores
}

/// Where a prompt goes: to the best route of those whose score passes, but for `without`.
pub(super) fn winner(scores: &[f32], thresholds: &[Option<f32>], without: Option<usize>) -> Option<(usize, f32)> {
    let passes = |(route, score): &(usize, f32)| {
        Some(*route) != without && *score > f32::NEG_INFINITY && thresholds[*route].is_none_or(|least| *score >= least)
    };
    let passing = scores.iter().copied().enumerate().filter(passes);
    passing.reduce(|best, next| if next.1 > best.1 { next } else { best })
}
