//! What becomes of a request that was looked through.

use std::sync::Arc;

use bytes::Bytes;

use super::mask::placeholder::{self, Form, TEXT};
use super::mask::{self, Ledger, Masked, Operators, Salt, Values, apply};
use super::settings::{Action, Operator, Overrides, Pii};
use super::{Entity, Finding, Gap, Guard, Inspection, Strength};
use crate::failure::{Failure, Reason};
use crate::intake::Pieces;
use crate::intake::pieces::{Edit, Part, Piece, with_edits};

/// What becomes of a request.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// It is served: by whom its route says, or by the backend that attempts to override instructions go to.
    Serve {
        /// The index of that backend.
        instead: Option<usize>,
        /// Whether it is such an attempt.
        is_flagged: bool,
    },
    /// It is refused as an attempt to override instructions.
    Attack(Failure),
    /// It is refused for personal data that may not leave.
    Personal(Failure),
    /// It is refused as nobody can tell.
    Unjudged(Failure),
}

/// A request with placeholders in personal data's place.
pub struct Masking {
    /// What the answer gives back; none where nothing can be.
    pub values: Option<Values>,
    /// The body for the model.
    pub upstream: Bytes,
    /// The body that the cache knows it by: its placeholders are the same in every conversation.
    pub cached: Bytes,
    /// Whether the text that it is routed by is another now.
    pub is_other_text: bool,
}

// === impl Guard ===

impl Guard {
    /// What becomes of the request in which that was found, where its route has it judged by `overrides`.
    pub fn judge_all(&self, inspection: &Inspection, overrides: &Overrides) -> Verdict {
        let judgement = inspection.jailbreak.as_ref().filter(|_| overrides.jailbreak);
        let attack =
            judgement.is_some_and(|judgement| judgement.score >= overrides.threshold.unwrap_or(judgement.threshold));
        let jailbreak = self.settings.jailbreak.as_ref().filter(|_| attack);
        let action = jailbreak.map(|jailbreak| overrides.action.unwrap_or(jailbreak.action));
        if action == Some(Action::Block) {
            return Verdict::Attack(refused("it looks like an attempt to override the model's instructions"));
        }
        if let Some(entity) = self.forbidden(inspection).filter(|_| overrides.pii) {
            return Verdict::Personal(refused(&format!("it holds personal data that must not be sent: {entity}")));
        }
        // What nobody would act on need not be known.
        let matters =
            overrides.jailbreak && self.settings.jailbreak.is_some() || overrides.pii && self.settings.pii.is_some();
        if let Some(gap) = inspection.gap.filter(|_| matters && !self.settings.lets_pass) {
            return Verdict::Unjudged(gap.into());
        }
        match action {
            Some(Action::Route(backend)) => Verdict::Serve { instead: Some(backend), is_flagged: true },
            action => Verdict::Serve { instead: None, is_flagged: action.is_some() },
        }
    }

    /// The request with its personal data masked; none where there is nothing to mask. `tenant` is whose it is.
    ///
    /// # Errors
    /// [`Gap::Failed`] where masking itself fails.
    pub async fn mask(
        self: &Arc<Self>,
        pieces: &Arc<Pieces>,
        findings: Vec<Vec<Finding>>,
        tenant: &str,
        body: &Bytes,
    ) -> Result<Option<Masking>, Gap> {
        let (tenant, body) = (tenant.to_owned(), body.clone());
        self.aside(pieces, move |guard, pieces| guard.masked(pieces, &findings, &tenant, &body)).await
    }

    fn masked(&self, pieces: &Pieces, findings: &[Vec<Finding>], tenant: &str, body: &Bytes) -> Option<Masking> {
        let pii = self.settings.pii.as_ref()?;
        let mut ledger = Ledger::new(Salt::of(&pii.key.0, tenant, pieces.first()));
        let operators = operators(pii);
        let (mut upstream, mut cached, mut is_other_text) = (Vec::new(), Vec::new(), false);
        for (at, (piece, found)) in pieces.all.iter().zip(findings).enumerate() {
            let forged = lookalikes(&piece.text);
            for part in &piece.parts {
                let found = [within(found, part), within(&forged, part)].concat();
                if found.is_empty() {
                    continue;
                }
                let text = &piece.text[part.range.clone()];
                let Masked { salted, plain } = apply(text, Form::Text, &found, &operators, &mut ledger);
                if salted != text {
                    is_other_text |= pieces.routed == Some(at);
                    upstream.push(Edit { part, text: salted });
                    cached.push(Edit { part, text: plain });
                }
            }
        }
        if upstream.is_empty() {
            return None;
        }
        let [upstream, cached] = [upstream, cached].map(|edits| with_edits(body, edits));
        let said = if pieces.wants_json { Form::Json } else { Form::Text };
        let values = (!ledger.is_empty()).then(|| Values { ledger: Arc::new(ledger), said });
        Some(Masking { values, upstream, cached, is_other_text })
    }

    /// The text of a piece as the cache would know it, for people.
    pub(super) fn masked_text(&self, piece: &Piece, findings: &[Finding]) -> String {
        let Some(pii) = &self.settings.pii else { return piece.text.clone() };
        let mut ledger = Ledger::new(Salt::of(&pii.key.0, "", &piece.text));
        apply(&piece.text, Form::Text, findings, &operators(pii), &mut ledger).plain
    }

    /// A kind of personal data that was found and must not leave.
    fn forbidden(&self, inspection: &Inspection) -> Option<String> {
        let pii = self.settings.pii.as_ref()?;
        let found = inspection.findings.iter().chain(&inspection.parts).flatten();
        let mut kinds: Vec<&str> = found
            .filter(|finding| pii.operators.get(&finding.entity) == Some(&Operator::Block))
            .map(|finding| finding.entity.name())
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        (!kinds.is_empty()).then(|| kinds.join(", "))
    }
}

fn operators(pii: &Pii) -> Operators {
    let of_kind = pii.operators.iter().map(|(entity, operator)| {
        let operator = match operator {
            Operator::Mask => mask::Operator::Mask,
            // Nothing of a request that is refused goes anywhere.
            Operator::Redact | Operator::Block => mask::Operator::Redact,
            Operator::Hash => mask::Operator::Hash,
        };
        (entity.clone(), operator)
    });
    let of_text = (Entity::Custom(TEXT.into()), mask::Operator::Mask);
    Operators::new(mask::Operator::Keep, std::iter::once(of_text).chain(of_kind).collect(), pii.key.0)
}

/// What looks like a placeholder in a text, be it in several of its parts.
fn lookalikes(text: &str) -> Vec<Finding> {
    let forged = placeholder::scan(text, Form::Text);
    let entity = Entity::Custom(TEXT.into());
    forged
        .map(|look| Finding { entity: entity.clone(), range: look.range, score: 1.0, strength: Strength::Specific })
        .collect()
}

/// What of `findings` lies in `part`, by its place there.
fn within(findings: &[Finding], part: &Part) -> Vec<Finding> {
    // They are in order and apart: a message of many parts must not look through all of them for each.
    let (start, end) = (part.range.start, part.range.end);
    let first = findings.partition_point(|finding| finding.range.end <= start);
    let near = findings[first..].iter().take_while(|finding| finding.range.start < end);
    if part.is_number {
        // JSON has no way to write half a number.
        return near.take(1).map(|finding| Finding { range: 0..end - start, ..finding.clone() }).collect();
    }
    let clipped = near.map(|finding| {
        let range = finding.range.start.max(start) - start..finding.range.end.min(end) - start;
        Finding { range, ..finding.clone() }
    });
    clipped.filter(|finding| !finding.range.is_empty()).collect()
}

fn refused(why: &str) -> Failure {
    Failure::new(Reason::ContentFilter, format!("the request was refused: {why}"))
}
