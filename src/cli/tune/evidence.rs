//! What thresholds are judged by: labelled lines, or samples as if they were prompts.

use std::path::Path;
use std::sync::Arc;

use crate::cli::labelled;
use crate::cli::offline::{Decided, Offline};
use crate::route::classifier::{HeldOut, STRANGERS};
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
    labelled::decide(offline, labelled::open(path)?, path, |prompt, Decided { decision, read, .. }| {
        let by_score = matches!(decision.reason, Reason::Semantic | Reason::BelowThreshold);
        if let Some(read) = read.filter(|_| by_score) {
            let scores = of_rivals(table, table.scores(&read.query()).by_route);
            judged.push(Judged { expected: prompt.expected, scores, weight: 1.0, number: judged.len() });
        }
    })?;
    Ok(judged)
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
