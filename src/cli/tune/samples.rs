//! Samples that are worth a second look.

use serde::Serialize;

use crate::route::Table;
use crate::route::classifier::{ENOUGH_SAMPLES, Suspect, Twins};

/// What is found among a table's samples.
#[derive(Debug, Serialize)]
pub(super) struct Samples<'a> {
    /// Those that, judged by all others, belong to another route; the clearest first.
    suspects: Vec<Misplaced<'a>>,
    /// Pairs of different routes that say the same.
    twins: Vec<Pair<'a>>,
    /// Routes with fewer different samples than it takes to learn from them.
    few: Vec<Few<'a>>,
}

#[derive(Debug, Serialize)]
struct Misplaced<'a> {
    sample: &'a str,
    route: &'a str,
    /// What its own route scores.
    score: f32,
    /// The route that it looks like, and what that scores.
    likelier: &'a str,
    likelier_score: f32,
    /// A sample of that route that says the same; without one, this one is rather mislabelled, or alone of its kind.
    conflicts_with: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Pair<'a> {
    cosine: f32,
    routes: [&'a str; 2],
    samples: [&'a str; 2],
}

#[derive(Debug, Serialize)]
struct Few<'a> {
    route: &'a str,
    samples: usize,
}

/// Lines of each kind that people see.
const SHOWN: usize = 20;

// === impl Samples ===

impl<'a> Samples<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        let learnt = table.learnt();
        let name = |route: usize| table.name(route).map_or("", |name| &**name);
        let misplaced = |suspect: Suspect| Misplaced {
            sample: table.sample(suspect.sample),
            route: name(suspect.route),
            score: suspect.score,
            likelier: name(suspect.likelier),
            likelier_score: suspect.likelier_score,
            conflicts_with: suspect.conflicts_with.map(|sample| table.sample(sample)),
        };
        let route_of = |sample| table.route_of(sample).map_or("", name);
        let pair = |Twins { samples: (one, other), cosine }| Pair {
            cosine,
            routes: [one, other].map(route_of),
            samples: [one, other].map(|sample| table.sample(sample)),
        };
        // A route with a rule alone is not compared, however few.
        let few = learnt.distinct().enumerate();
        let few = few.filter(|(route, samples)| *samples < ENOUGH_SAMPLES && table.sample_count(*route) > 0);
        Self {
            suspects: learnt.suspects().into_iter().map(misplaced).collect(),
            twins: learnt.twins().into_iter().map(pair).collect(),
            few: few.map(|(route, samples)| Few { route: name(route), samples }).collect(),
        }
    }

    /// Paragraphs for people.
    pub(super) fn paragraphs(&self) -> Vec<String> {
        let suspects = self.suspects.iter().map(|suspect| {
            let Misplaced { sample, route, score, likelier, likelier_score, conflicts_with } = suspect;
            let why = conflicts_with.map(|other| format!("; {other:?} there says the same")).unwrap_or_default();
            format!("  {sample:?} of {route} ({score:.3}) looks like {likelier} ({likelier_score:.3}){why}")
        });
        let twins = self.twins.iter().map(|Pair { cosine, routes: [a, b], samples: [one, other] }| {
            format!("  {one:?} of {a} and {other:?} of {b} (cosine {cosine:.3})")
        });
        let few = self.few.iter().map(|Few { route, samples }| {
            format!("  {route} has {samples} different samples; with {ENOUGH_SAMPLES} or more it is learnt from them")
        });
        let paragraphs = [
            paragraph("Samples that look as if they belonged to another route, the clearest first", suspects),
            paragraph("Samples of different routes that say the same", twins),
            paragraph("Routes with few samples", few),
        ];
        paragraphs.into_iter().flatten().collect()
    }
}

/// None without lines.
fn paragraph(title: &str, lines: impl ExactSizeIterator<Item = String>) -> Option<String> {
    let more = lines.len().saturating_sub(SHOWN);
    let mut text = format!("{title} ({}):\n", lines.len());
    let any = lines.len() > 0;
    lines.take(SHOWN).for_each(|line| text.push_str(&(line + "\n")));
    if more > 0 {
        text.push_str(&format!("  and {more} more, with --json\n"));
    }
    any.then_some(text)
}
