//! A request's name, what its rules ask of it, and its text become a decision: by the name where it names a backend, by rules
//! where they settle it, and by meaning else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::classifier::Query;
use super::decision::{Decision, Reason};
use super::labelers::Labelers;
use super::learned::{Labels, Lessons};
use super::names::{Named, Names};
use super::reading::{Asked, Reading};
use super::rule::{Early, Explanation, Routes, Score, Truth};
use super::signal::{Cost, Facts};
use super::table::Table;
use crate::degraded::Degraded;
use crate::embed::{EncodeError, Encoder, Meaning};
use crate::failure::Failure;
use crate::intake::{Endpoint, Prompt};
use crate::metrics::{Metrics, observe};

/// Everything that a decision is made from.
pub struct Router {
    /// What the names in requests mean.
    pub names: Names,
    /// The routes.
    pub table: Arc<Table>,
    /// Their rules; none where no route has one, and all are of one priority.
    pub rules: Option<Routes>,
    /// The encoder; none where nothing is routed.
    pub encoder: Option<Arc<Encoder>>,
    /// The classifiers that the rules ask for.
    pub labelers: Labelers,
}

/// Who waits for a decision.
#[derive(Clone, Copy)]
pub enum Pace<'a> {
    /// A request: for so long as the encoder's settings have it.
    Request(&'a Metrics),
    /// Somebody who has time.
    Patient,
}

/// How long a classifier may take where somebody has time.
const PATIENCE: Duration = Duration::from_secs(600);

/// The client asked for a model that nobody serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model is not known")]
pub struct UnknownModel;

// === impl Router ===

impl Router {
    /// The longest body that is parsed and [read](Self::read) in no time worth a thread, in bytes, where without rules it is
    /// `most`.
    pub fn parses_inline(&self, most: usize) -> usize {
        if self.rules.is_some() { most.min(Reading::LONG) } else { most }
    }

    /// Reads of a body what the rules ask for, and what an explanation tells beside that where there is to be one.
    pub fn read(&self, endpoint: Endpoint, prompt: &Prompt, is_explained: bool) -> Result<Reading, Failure> {
        let is_routed = prompt.model.as_deref().is_none_or(|name| self.names.find(name) == Named::Alias);
        match self.rules.as_ref().filter(|_| is_routed && self.encoder.is_some()) {
            Some(rules) => Reading::read(endpoint, prompt, rules.wanted(), is_explained),
            None => Ok(Reading::default()),
        }
    }

    /// Decides for a request. What its text means is asked of the encoder only where that may change the decision.
    ///
    /// An encoder that cannot keep up costs the meaning, not the request: what the rules settle without it is served so, and
    /// all else by the default backend; the decision says why.
    pub async fn decide(&self, asked: &Asked<'_>, pace: Pace<'_>) -> Result<Decision, UnknownModel> {
        match asked.request.model.map_or(Named::Alias, |name| self.names.find(name)) {
            Named::Alias => {}
            Named::Backend(backend) => return Ok(Decision::uncompared(backend, Reason::Direct)),
            Named::Nobody => return Err(UnknownModel),
        }
        if self.encoder.is_none() {
            return Ok(self.default(Reason::Off));
        }
        if let Some(rules) = &self.rules {
            return Ok(self.decide_by_rules(rules, asked, pace).await);
        }
        if self.table.names().len() == 0 && !asked.request.text.trim().is_empty() {
            return Ok(self.default(Reason::BelowThreshold));
        }
        Ok(match self.meaning(asked, pace).await {
            Ok(meaning) => {
                let decision = self.table.decide(&query(asked, &meaning));
                Decision { meaning: Some(meaning), ..decision }
            }
            Err(reason) => self.without_meaning(None, reason),
        })
    }

    /// Every signal with its value, and every rule with what it came to, by all that is known of a request that was decided
    /// so; none where no rules were asked.
    pub fn explain<'a>(
        &'a self,
        asked: &'a Asked<'a>,
        decision: &Decision,
        lessons: &'a Lessons,
    ) -> Option<Explanation<'a>> {
        let rules = self.rules.as_ref().filter(|_| decision.reason.is_routed())?;
        let mut facts = facts(rules, asked).timed();
        facts.learn(lessons);
        Some(rules.explain(&facts))
    }

    /// What the text of a request that was decided so means, though the decision may have been made without. An encoder that
    /// could not tell for the decision is not asked again.
    pub async fn meaning_for(&self, asked: &Asked<'_>, decision: &Decision, pace: Pace<'_>) -> Option<Meaning> {
        self.try_meaning_for(asked, decision, pace).await.ok().flatten()
    }

    /// The same, or why it could not be had.
    pub async fn try_meaning_for(
        &self,
        asked: &Asked<'_>,
        decision: &Decision,
        pace: Pace<'_>,
    ) -> Result<Option<Meaning>, Reason> {
        match &decision.meaning {
            Some(meaning) => Ok(Some(meaning.clone())),
            None if Reason::is_unread(&decision.degraded) => Ok(None),
            None if decision.reason == Reason::Rule || decision.reason == Reason::NoMatch => {
                self.meaning(asked, pace).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// What the request's text means: as it is known already, or as the encoder has it.
    async fn meaning(&self, asked: &Asked<'_>, pace: Pace<'_>) -> Result<Meaning, Reason> {
        let encoder = self.encoder.as_ref().ok_or(Reason::Off)?;
        let text = Some(asked.request.text).filter(|text| !text.trim().is_empty()).ok_or(Reason::NoText)?;
        if let Some(meaning) = &asked.meaning {
            return Ok(meaning.clone());
        }
        match pace {
            Pace::Patient => {
                let embedding = encoder.embed_patiently(text).await?;
                Ok(Meaning { embedding, is_whole: false })
            }
            Pace::Request(metrics) => {
                let begun = Instant::now();
                let embedded = encoder.embed(text).await.map_err(Reason::from);
                if embedded.is_ok() {
                    observe(&metrics.embedding_seconds, begun.elapsed());
                }
                embedded
            }
        }
    }

    async fn decide_by_rules(&self, rules: &Routes, asked: &Asked<'_>, pace: Pace<'_>) -> Decision {
        let lessons = Lessons::default();
        let mut facts = facts(rules, asked);
        facts.learn(&lessons);
        let mut early = rules.decide_early(&facts);
        let mut failed = Degraded::default();
        if early == Early::Needs(Cost::Model) {
            failed = self.classify(rules, asked, &lessons, pace).await;
            early = rules.decide_early(&facts);
        }
        let decision = match early {
            Early::Settled(route) => {
                let reason = if route.is_some() { Reason::Rule } else { Reason::NoMatch };
                let score = if route.is_some() { 1.0 } else { 0.0 };
                Decision { meaning: asked.meaning.clone(), ..self.table.decided(route, score, reason) }
            }
            Early::Needs(_) => self.decide_by_meaning(rules, facts, &lessons, asked, pace).await,
        };
        let labels = lessons.labels().cloned().unwrap_or_default();
        failed.extend(decision.degraded.iter());
        Decision { degraded: failed, labels, ..decision }
    }

    async fn decide_by_meaning(
        &self,
        rules: &Routes,
        facts: Facts<'_>,
        lessons: &Lessons,
        asked: &Asked<'_>,
        pace: Pace<'_>,
    ) -> Decision {
        let meaning = self.meaning(asked, pace).await;
        let mut degraded = Degraded::default();
        match &meaning {
            Ok(meaning) => lessons.embed(meaning.embedding.clone()),
            Err(reason) => degraded.extend(reason.disorder()),
        }
        if lessons.labels().is_none()
            && self.needs_labels(rules, &facts, meaning.as_ref().ok().map(|meaning| query(asked, meaning)).as_ref())
        {
            degraded.extend(self.classify(rules, asked, lessons, pace).await.iter());
        }
        let meaning = match meaning {
            Ok(meaning) => meaning,
            Err(reason) => {
                let route = rules.decide(&facts, &[]).map(|choice| choice.route);
                return Decision { degraded, ..self.without_meaning(route, reason) };
            }
        };
        let query = query(asked, &meaning);
        let (scores, best) = self.scores(rules, &facts, &query, |truth| truth == Truth::Yes);
        let is_compared = |route| rules.has_samples(route) && rules.truth(route, &facts) == Truth::Yes;
        let decision = match rules.decide(&facts, &scores) {
            Some(choice) if rules.has_samples(choice.route) => (Some(choice.route), choice.score, Reason::Semantic),
            Some(choice) => (Some(choice.route), choice.score, Reason::Rule),
            None if !(0..self.table.names().len()).any(is_compared) => (None, 0.0, Reason::NoMatch),
            None => (None, best, Reason::BelowThreshold),
        };
        let (route, score, reason) = decision;
        Decision { meaning: Some(meaning), degraded, ..self.table.decided(route, score, reason) }
    }

    /// Whether a route that waits for a classifier could still win, once all is known of the text's meaning that will be.
    fn needs_labels(&self, rules: &Routes, facts: &Facts<'_>, query: Option<&Query<'_>>) -> bool {
        if !rules.wanted().asks("classifier") {
            return false;
        }
        let scores = query.map(|query| self.scores(rules, facts, query, |truth| truth != Truth::No).0);
        let scores = scores.unwrap_or_default();
        matches!(rules.settle(facts, Some(&scores)), Early::Needs(_))
    }

    /// Has classifiers tell what they call the text. Where one cannot, what asks for it does not hold; the reasons are why.
    async fn classify(&self, rules: &Routes, asked: &Asked<'_>, lessons: &Lessons, pace: Pace<'_>) -> Degraded {
        let names: BTreeSet<&str> = rules.wanted().classifiers().collect();
        let patience = match pace {
            Pace::Patient => Some(PATIENCE),
            Pace::Request(_) => None,
        };
        let (mut labels, mut failed, begun) = (Labels::new(), Degraded::default(), Instant::now());
        for (name, answer) in self.labelers.ask(&names, asked.request.text, patience).await {
            match answer {
                Ok(labelled) => labels.extend(labelled.map(|labelled| (name, labelled))),
                Err(error) => failed.extend(Reason::of_classifier(error).disorder()),
            }
        }
        lessons.label(labels);
        if let (Pace::Request(metrics), true) = (pace, failed.is_empty()) {
            observe(&metrics.classifier_seconds, begun.elapsed());
        }
        failed
    }

    /// The score of the route with samples that is chosen, among those whose rules come to what `counts`, if no rule goes
    /// before it; no other passes. And the best score.
    fn scores(
        &self,
        rules: &Routes,
        facts: &Facts<'_>,
        query: &Query<'_>,
        counts: fn(Truth) -> bool,
    ) -> (Vec<Score>, f32) {
        let mut scores = vec![Score { value: 0.0, passes: false }; self.table.names().len()];
        let mut best = 0.0f32;
        for priority in rules.priorities_of_samples() {
            let open = |route| {
                let may = rules.has_samples(route) && rules.priority(route) == priority;
                may && counts(rules.truth(route, facts))
            };
            let choice = self.table.choose(query, open);
            let value = choice.score().unwrap_or(0.0);
            best = best.max(value);
            if let Some(score) = choice.route().and_then(|route| scores.get_mut(route)) {
                *score = Score { value, passes: true };
                break;
            }
        }
        (scores, best)
    }

    /// The decision where the meaning is not to be had: for the route that a rule chose, or for the default backend.
    fn without_meaning(&self, route: Option<usize>, reason: Reason) -> Decision {
        let mut degraded = Degraded::default();
        degraded.extend(reason.disorder());
        let decision = match route {
            Some(_) => self.table.decided(route, 1.0, Reason::Rule),
            None => self.default(reason),
        };
        Decision { degraded, ..decision }
    }

    fn default(&self, reason: Reason) -> Decision {
        Decision::uncompared(self.table.default_backend(), reason)
    }
}

/// What the routes' samples are compared with.
fn query<'a>(asked: &Asked<'a>, meaning: &'a Meaning) -> Query<'a> {
    Query { embedding: &meaning.embedding, text: asked.request.text }
}

/// What is known of a request before it is embedded.
fn facts<'a>(rules: &'a Routes, asked: &'a Asked<'a>) -> Facts<'a> {
    let mut facts = rules.facts(&asked.request);
    facts.foresee(asked.ahead);
    facts.guard(asked.guarded);
    facts
}

// === impl Reason ===

impl Reason {
    /// Why a classifier could not tell.
    fn of_classifier(error: EncodeError) -> Self {
        match error {
            EncodeError::Busy => Self::ClassifierBusy,
            EncodeError::Timeout => Self::ClassifierTimeout,
            EncodeError::Failed => Self::ClassifierFailed,
        }
    }
}

impl From<EncodeError> for Reason {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Busy => Self::EncoderBusy,
            EncodeError::Timeout => Self::EncoderTimeout,
            EncodeError::Failed => Self::EncoderFailed,
        }
    }
}

#[cfg(test)]
mod tests;
