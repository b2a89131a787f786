//! A whole request looked through: patterns and rules first, then the models.

use std::sync::Arc;
use std::time::Duration;

use super::aside::aside;
use super::jailbreak::{Evidence, Family};
use super::pii::overlap::resolved;
use super::read::Read;
use super::{Entity, Finding, Guard, places, repeat};
use crate::embed::{EncodeError, Meaning};
use crate::failure::{Failure, Reason};
use crate::intake::Pieces;
use crate::intake::pieces::Piece;

/// What was found in a request.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Whether it is an attempt to override instructions; none where that is not judged.
    pub jailbreak: Option<Judgement>,
    /// The personal data in each piece, none overlapping.
    pub findings: Vec<Vec<Finding>>,
    /// What lies within those that are addresses, and goes with them: streets and towns.
    pub parts: Vec<Vec<Finding>>,
    /// What the text that the request is routed by means, where the encoder that routing asks has read it.
    pub meaning: Option<Meaning>,
    /// Why not all of it could be judged.
    pub gap: Option<Gap>,
}

/// What the text that looks most like an attack comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// 0 to 1.
    pub score: f32,
    /// From where on it is too much.
    pub threshold: f32,
    /// The rules that it breaks.
    pub rules: Vec<&'static str>,
}

/// Why a request cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The encoder's queue is full.
    EncoderBusy,
    /// The encoder takes too long.
    EncoderTimeout,
    /// The encoder failed.
    EncoderFailed,
    /// There is more text than the encoder may read.
    TooLong,
    /// A prompt of token ids or embeddings.
    Tokens,
    /// Images, sound, video or files.
    Media,
    /// The guardrails themselves failed.
    Failed,
}

/// What is known of a request without the encoder.
pub(super) struct Glance {
    findings: Vec<Vec<Finding>>,
    /// That a piece is an attack; none where it is not judged by that.
    pub(super) evidence: Vec<Option<Evidence>>,
}

// === impl Guard ===

impl Guard {
    /// Looks through all of `pieces`.
    pub async fn inspect(self: &Arc<Self>, pieces: &Arc<Pieces>) -> Inspection {
        let failed = |gap| Inspection { gap: Some(gap), ..Inspection::default() };
        let glance = match self.aside(pieces, Self::glance).await {
            Ok(glance) => glance,
            Err(gap) => return failed(gap),
        };
        let mut read = match self.read(pieces, &glance).await {
            Ok(read) => read,
            Err(error) => Read::without(error.into()),
        };
        read.gap = self.unread(pieces).or(read.gap);
        let concluded = self.aside(pieces, move |guard, pieces| guard.conclude(pieces, glance, &read)).await;
        concluded.unwrap_or_else(failed)
    }

    /// Does `work` on `pieces` where that blocks nobody.
    pub(super) async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        pieces: &Arc<Pieces>,
        work: impl FnOnce(&Self, &Pieces) -> T + Send + 'static,
    ) -> Result<T, Gap> {
        let (guard, pieces) = (self.clone(), pieces.clone());
        aside(pieces.bytes(), move || work(&guard, &pieces)).await
    }

    /// What takes no encoder: microseconds for a page.
    fn glance(&self, pieces: &Pieces) -> Glance {
        let findings = |piece: &Piece| self.patterns.find(&piece.text);
        let evidence = |piece: &Piece| {
            let detector = self.models.detector.as_ref().filter(|_| self.judges(piece))?;
            Some(detector.evidence(&piece.text, &self.allow))
        };
        Glance {
            findings: pieces.all.iter().map(findings).collect(),
            evidence: pieces.all.iter().map(evidence).collect(),
        }
    }

    /// What of the request is no text, and does not pass for all that.
    fn unread(&self, pieces: &Pieces) -> Option<Gap> {
        match pieces.unreadable {
            unreadable if unreadable.tokens => Some(Gap::Tokens),
            unreadable if unreadable.media && !self.settings.lets_media_pass => Some(Gap::Media),
            _ => None,
        }
    }

    /// Whether a piece may be an attack.
    pub(super) fn judges(&self, piece: &Piece) -> bool {
        self.settings.jailbreak.as_ref().is_some_and(|jailbreak| jailbreak.roles.contains(&piece.role))
    }

    /// Whether names are looked for, which takes a model.
    pub(super) fn wants_names(&self) -> bool {
        self.settings.pii.as_ref().is_some_and(|pii| pii.operators.keys().any(Entity::is_name))
    }

    fn conclude(&self, pieces: &Pieces, mut glance: Glance, read: &Read) -> Inspection {
        for (at, findings) in glance.findings.iter_mut().enumerate() {
            findings.extend(read.names(at, &pieces.all[at].text));
        }
        let (findings, parts) = match &self.settings.pii {
            Some(pii) => {
                let counts =
                    |finding: &Finding| finding.score >= pii.min_score && pii.operators.contains_key(&finding.entity);
                let found = pieces.all.iter().zip(glance.findings).map(|(piece, found)| {
                    let found: Vec<Finding> = found.into_iter().filter(counts).collect();
                    let kept = resolved(&piece.text, found.clone());
                    let parts = places::parts(found, &kept);
                    (kept, parts)
                });
                let (kept, parts): (Vec<_>, Vec<_>) = found.unzip();
                (repeat::everywhere(pieces, kept, &parts), parts)
            }
            None => pieces.all.iter().map(|_| (Vec::new(), Vec::new())).unzip(),
        };
        // What another model makes of it is nothing to compare samples with.
        let meaning = pieces.routed.filter(|_| self.models.is_routing).and_then(|at| read.meaning(at));
        Inspection { jailbreak: self.judge(&glance.evidence, read), findings, parts, meaning, gap: read.gap }
    }

    /// The worst of all pieces that are judged.
    fn judge(&self, evidence: &[Option<Evidence>], read: &Read) -> Option<Judgement> {
        self.settings.jailbreak.as_ref()?;
        let judged = evidence.iter().enumerate().filter_map(|(at, evidence)| {
            let (detector, evidence) = (self.models.detector.as_ref()?, evidence.as_ref()?);
            // What is allowed was taken out of the views, not of the text itself.
            let windows = read.windows(at, usize::from(evidence.instead));
            Some((detector.score(evidence, &windows), Some(evidence)))
        });
        let classified = read.scores.values().map(|score| (*score, None));
        let worst = judged.chain(classified).max_by(|(a, _), (b, _)| a.total_cmp(b));
        let (score, evidence) = worst.unwrap_or_default();
        let rules = evidence.map_or(Vec::new(), |evidence| evidence.rules.iter().map(Family::as_str).collect());
        Some(Judgement { score, threshold: self.threshold, rules })
    }
}

// === impl Inspection ===

impl Inspection {
    /// How much it looks like an attempt to override instructions, 0 to 1; none where that is not judged. What was read in
    /// part counts only if it is enough.
    pub fn attack(&self) -> Option<f64> {
        let judgement = self.jailbreak.as_ref()?;
        (self.gap.is_none() || judgement.is_attack()).then(|| f64::from(judgement.score))
    }

    /// The kinds of personal data that were found, each once; none where nobody can tell. Where there is a gap, there may be
    /// more.
    pub fn kinds(&self) -> Option<Vec<&str>> {
        let found = self.findings.iter().chain(&self.parts).flatten();
        let mut kinds: Vec<&str> = found.map(|finding| finding.entity.name()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        (self.gap.is_none() || !kinds.is_empty()).then_some(kinds)
    }
}

// === impl Judgement ===

impl Judgement {
    /// Whether it is too much.
    pub fn is_attack(&self) -> bool {
        self.score >= self.threshold
    }
}

// === impl Gap ===

impl Gap {
    /// Its name in logs, metrics and headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EncoderBusy => "encoder-busy",
            Self::EncoderTimeout => "encoder-timeout",
            Self::EncoderFailed => "encoder-failed",
            Self::TooLong => "too-long",
            Self::Tokens => "token-ids",
            Self::Media => "media",
            Self::Failed => "guard-failed",
        }
    }

    /// What a client is told.
    pub fn explain(self) -> &'static str {
        match self {
            Self::EncoderBusy | Self::EncoderTimeout => "the guardrails have too much to read; try again",
            Self::EncoderFailed | Self::Failed => "the guardrails failed on this request",
            Self::TooLong => "the request has more text than the guardrails read",
            Self::Tokens => "the guardrails cannot read token ids or embeddings",
            Self::Media => "the guardrails cannot read images, sound, video or files",
        }
    }

    /// Whether the same request may be judged later.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::EncoderBusy | Self::EncoderTimeout)
    }
}

impl From<Gap> for Failure {
    fn from(gap: Gap) -> Self {
        let failure = Self::new(Reason::GuardUnavailable, gap.explain());
        if gap.may_pass() { failure.retry_after(Duration::from_secs(1)) } else { failure }
    }
}

impl From<EncodeError> for Gap {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Busy => Self::EncoderBusy,
            EncodeError::Timeout => Self::EncoderTimeout,
            EncodeError::Failed => Self::EncoderFailed,
        }
    }
}
