//! What was found in a text, for people and programs: `pointsman guard`, and the admin listener's explanation.

use std::sync::Arc;

use serde::Serialize;

use super::places::covers;
use super::{Entity, Finding, Gap, Guard, Inspection, Judgement, Ruling, Verdict};
use crate::intake::Pieces;
use crate::intake::pieces::Piece;

/// What was found in a text.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether it is an attempt to override instructions.
    pub jailbreak: Attempt,
    /// Its personal data, in order.
    pub pii: Vec<Personal>,
    /// The text with that masked which the config masks.
    pub masked: String,
    /// Why not all of it could be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<&'static str>,
}

/// Whether a text is an attempt to override instructions.
#[derive(Debug, Serialize)]
pub struct Attempt {
    /// 0 to 1.
    pub score: f32,
    /// Whether that is too much.
    pub block: bool,
    /// From where on it is; none where attempts are not judged.
    pub threshold: Option<f32>,
    /// The rules that it breaks.
    pub rules: Vec<&'static str>,
}

/// A piece of personal data.
#[derive(Debug, PartialEq, Serialize)]
pub struct Personal {
    /// What it is.
    #[serde(rename = "type")]
    pub entity: String,
    /// Where it begins, in Unicode characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How sure that is.
    pub score: f32,
    /// Whether it is kept from the models.
    pub masked: bool,
}

/// What was found in a whole request, and what becomes of it under its route.
#[derive(Debug, Serialize)]
pub struct Explanation<'a> {
    /// What becomes of it.
    pub verdict: Told<'a>,
    /// Whether it is an attempt to override instructions; none where that is not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jailbreak: Option<Attempt>,
    /// Its personal data, in order.
    pub pii: Vec<Placed>,
    /// Why not all of it could be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<&'static str>,
}

/// What becomes of a request.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    /// What it is as an attempt to override instructions, as the answer's head says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jailbreak: Option<&'static str>,
    /// What becomes of its personal data, as the answer's head says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii: Option<&'static str>,
    /// The status that it is refused with; none where it is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<u16>,
    /// The backend that serves it for what it is, in place of its route's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<&'a str>,
}

/// A piece of personal data in one of a request's texts.
#[derive(Debug, Serialize)]
pub struct Placed {
    /// Which of them, from 0 on.
    pub piece: usize,
    /// Whose it is.
    pub role: &'static str,
    /// What it is.
    #[serde(flatten)]
    pub personal: Personal,
}

/// What looks for everything there is, beside what a config asks for.
pub struct Reporter {
    acting: Option<Arc<Guard>>,
    looking: Arc<Guard>,
}

// === impl Reporter ===

impl Reporter {
    /// `acting` is what the config asks for, and `looking` finds everything there is.
    pub fn new(acting: Option<Arc<Guard>>, looking: Arc<Guard>) -> Self {
        Self { acting, looking }
    }

    /// What is found in `text`.
    pub async fn report(&self, text: String) -> Report {
        let pieces = Arc::new(Pieces::of(text));
        let looked = self.looking.inspect(&pieces).await;
        let acted = match &self.acting {
            Some(guard) => guard.inspect(&pieces).await,
            None => Inspection::default(),
        };
        let piece = &pieces.all[0];
        let found = |inspection: &Inspection| inspection.findings.first().cloned().unwrap_or_default();
        let (masked, seen) = (found(&acted), all_of(&looked, 0));
        let is_masked = |finding: &Finding| {
            let pii = self.acting.as_ref().and_then(|guard| guard.settings().pii.as_ref());
            pii.is_some_and(|pii| pii.operators.contains_key(&finding.entity))
        };
        let text = match &self.acting {
            Some(guard) => guard.masked_text(piece, &masked),
            None => piece.text.clone(),
        };
        Report {
            jailbreak: Attempt::of(acted.jailbreak.as_ref(), looked.jailbreak.as_ref()),
            pii: personal(piece, &all_of(&acted, 0), seen.iter().filter(|finding| !is_masked(finding))),
            masked: text,
            unjudged: looked.gap.or(acted.gap).map(Gap::as_str),
        }
    }
}

// === impl Explanation ===

impl<'a> Explanation<'a> {
    /// What `inspection` found in `pieces`, and what was ruled; `name` names a backend by its index.
    pub fn of(
        pieces: &Pieces,
        inspection: &Inspection,
        ruling: &Ruling,
        name: impl FnOnce(usize) -> Option<&'a str>,
    ) -> Self {
        let overrides = &ruling.overrides;
        let placed = pieces.all.iter().enumerate().flat_map(|(at, piece)| {
            let all = all_of(inspection, at);
            let (masked, others) = if overrides.pii { all.split_at(all.len()) } else { all.split_at(0) };
            let found = personal(piece, masked, others.iter());
            found.into_iter().map(move |personal| Placed { piece: at, role: piece.role.as_str(), personal })
        });
        let seen = inspection.jailbreak.as_ref();
        let judged = seen.filter(|_| overrides.jailbreak).map(|judgement| {
            let threshold = overrides.threshold.unwrap_or(judgement.threshold);
            Judgement { threshold, ..judgement.clone() }
        });
        Self {
            verdict: Told::of(ruling, name),
            jailbreak: seen.map(|seen| Attempt::of(judged.as_ref(), Some(seen))),
            pii: placed.collect(),
            unjudged: inspection.gap.map(Gap::as_str),
        }
    }
}

// === impl Told ===

impl<'a> Told<'a> {
    fn of(ruling: &Ruling, name: impl FnOnce(usize) -> Option<&'a str>) -> Self {
        let (refused, backend) = match &ruling.verdict {
            Verdict::Serve { instead, .. } => (None, instead.and_then(name)),
            Verdict::Attack(failure) | Verdict::Personal(failure) | Verdict::Unjudged(failure) => {
                (Some(failure.reason.status()), None)
            }
        };
        Self { jailbreak: ruling.jailbreak, pii: ruling.pii, refused, backend }
    }
}

/// What was found in the piece `at`, and the places in its addresses.
fn all_of(inspection: &Inspection, at: usize) -> Vec<Finding> {
    let [findings, parts] = [&inspection.findings, &inspection.parts].map(|of| of.get(at).into_iter().flatten());
    findings.chain(parts.filter(|part| part.entity != Entity::Address)).cloned().collect()
}

/// The findings in order, by their places in characters. Of the `others` those are masked that lie in one that is.
fn personal<'a>(piece: &'a Piece, masked: &'a [Finding], others: impl Iterator<Item = &'a Finding>) -> Vec<Personal> {
    let is_masked = |finding: &Finding| masked.iter().any(|whole| covers(&whole.range, &finding.range));
    let others = others.map(|finding| (finding, is_masked(finding)));
    let mut all: Vec<_> = masked.iter().map(|finding| (finding, true)).chain(others).collect();
    all.sort_by_key(|(finding, _)| (finding.range.start, finding.range.end));
    let (mut bytes, mut characters) = (0, 0);
    let personal = all.into_iter().map(|(finding, masked)| {
        characters += piece.text[bytes..finding.range.start].chars().count();
        bytes = finding.range.start;
        let end = characters + piece.text[finding.range.clone()].chars().count();
        let Finding { entity, score, .. } = finding;
        Personal { entity: entity.name().into(), start: characters, end, score: *score, masked }
    });
    personal.collect()
}

// === impl Attempt ===

impl Attempt {
    /// What was judged, or else what would have been.
    fn of(judged: Option<&Judgement>, seen: Option<&Judgement>) -> Self {
        let shown = judged.or(seen);
        Self {
            score: shown.map_or(0.0, |judgement| judgement.score),
            block: judged.is_some_and(Judgement::is_attack),
            threshold: judged.map(|judgement| judgement.threshold),
            rules: shown.map_or(Vec::new(), |judgement| judgement.rules.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Strength;

    #[test]
    fn the_town_of_a_masked_address_is_listed_and_masked() {
        let pieces = Pieces::of("12 Elm St, Salem, or Rye".to_owned());
        let finding = |entity, range| Finding { entity, range, score: 0.9, strength: Strength::Model };
        let masked = [finding(Entity::Address, 0..16)];
        let others = [finding(Entity::Location, 11..16), finding(Entity::Location, 21..24)];
        let said = personal(&pieces.all[0], &masked, others.iter());
        let said: Vec<_> = said.iter().map(|found| (found.entity.as_str(), found.start, found.masked)).collect();
        assert_eq!(said, [("ADDRESS", 0, true), ("LOCATION", 11, true), ("LOCATION", 21, false)]);
    }
}
