//! A request at the cache: a hit answers it, a miss has its answer kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pingora_proxy::Session;
use tracing::info;

use super::answer::Answer;
use super::exchange::Exchange;
use super::keeping::{Awaited, Draft, Recording};
use super::way::{Next, parse, unless_left};
use super::{Proxy, spending};
use crate::cache::{Boarding, Caching, Entry, EntryId, Flight, Keys, Kind, Millis, Near, Place, Policy, Question};
use crate::config::Snapshot;
use crate::degraded::Degraded;
use crate::embed::{EncodeError, Meaning};
use crate::failure::Failure;
use crate::guard::mask::Values;
use crate::intake::CacheControls;
use crate::metrics::{Metrics, observe};
use crate::openai::replay::{self, Fresh};
use crate::record::Outcome;
use crate::relay::{Screen, restored, screened};
use crate::route::Reason;

/// What an exchange has to do with the cache.
#[derive(Default)]
pub struct Cached {
    /// What the cache did; none where it was not asked.
    pub outcome: Option<Outcome>,
    /// The entry that was served.
    pub served: Option<Served>,
    /// The answer that is being kept.
    pub(super) recording: Option<Recording>,
}

/// The entry that was served.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    /// Its name.
    pub id: EntryId,
    /// How near its question was; 1 for the same.
    pub similarity: f32,
    /// How old it was.
    pub age: Duration,
    /// Whether the client may know which it was.
    pub details: bool,
}

/// What is asked of the cache.
pub(super) struct Asked<'a> {
    pub(super) kind: Kind,
    /// The client's body.
    pub(super) body: &'a Bytes,
    /// What the prompt means, where that is known already.
    pub(super) meaning: Option<Meaning>,
}

/// What a look into the cache came to.
enum Look {
    Hit(Arc<Entry>, f32, Outcome),
    Miss { flight: Option<Flight>, audited: Option<Arc<Entry>> },
}

/// One request at the cache.
struct Visit<'a> {
    caching: &'a Caching,
    policy: Policy,
    controls: CacheControls,
    question: Question,
    keys: Keys,
    route: Arc<str>,
    /// What was masked in the request; none where nothing was.
    values: Option<Values>,
    /// What redacts what a model made up.
    screen: Option<Arc<Screen>>,
    metrics: &'a Metrics,
}

/// Looks into the cache: a hit is the answer. Where there is none the request goes on, and the exchange is made to keep what
/// comes.
pub(super) async fn look_up(
    proxy: &Proxy,
    session: &mut Session,
    exchange: &mut Exchange,
    asked: Asked<'_>,
) -> Result<Next, Failure> {
    let snapshot = exchange.snapshot.clone();
    let controls = CacheControls::read(&session.req_header().headers)?;
    let (Some(caching), Some(to), Some(client)) = (&snapshot.caching, &exchange.destination, &exchange.client) else {
        return Ok(Next::Forward);
    };
    let policy = caching.policy(&to.route);
    if !policy.enabled || !(controls.reads || controls.writes) {
        return Ok(Next::Forward);
    }
    let (kind, body) = (asked.kind, asked.body.clone());
    // What the route makes of the body says how it is answered.
    let written = exchange.body.clone().filter(|_| exchange.policy().is_some_and(|policy| policy.body.is_some()));
    let question =
        parse(body, move |body| Ok(Question::read(kind, &body).map(|asked| asked.answered_as(written.as_deref()))));
    let Some(question) = question.await? else { return Ok(Next::Forward) };
    if question.is_sampled && !policy.sampled {
        return Ok(Next::Forward);
    }
    let (route, backend) = (to.route.clone(), to.backend.settings.name.clone());
    let (tenant, model) = (&client.tenant, &to.backend.settings.model);
    let family = to.backend.settings.family.as_ref();
    let actions = exchange.policy().and_then(|policy| policy.fingerprint(family, exchange.reasoning));
    let place = Place { tenant, route: &route, model, embedder: &caching.choice.embedder, actions };
    let keys = Keys::of(&question, place);
    let details = client.trusted || controls.details;
    // Before the answer is asked for: what is flushed from here on must not come back with it.
    let epoch = caching.cache.epoch(&route);
    let values = exchange.guarded.values.clone();
    let screen = exchange.screen();
    let visit = Visit { caching, policy, controls, question, keys, route, values, screen, metrics: &proxy.metrics };
    let meaning = match unless_left(session, visit.meaning(&snapshot, asked.meaning, exchange.degraded)).await {
        Ok(Ok(meaning)) => meaning,
        Ok(Err(error)) => {
            exchange.degrade(&proxy.metrics, Reason::from(error).as_str());
            None
        }
        Err(left) => return Ok(Next::Leave(left)),
    };
    let look = match unless_left(session, visit.look(meaning.as_ref())).await {
        Ok(look) => look,
        Err(left) => return Ok(Next::Leave(left)),
    };
    let (flight, audited) = match look {
        Look::Miss { flight, audited } => (flight, audited),
        Look::Hit(entry, similarity, outcome) => match visit.replay(&entry) {
            Some(answer) => {
                let age = Millis::now().since(entry.stored_at);
                exchange.cached.served = Some(Served { id: entry.id, similarity, age, details });
                exchange.cached.outcome = Some(outcome);
                spending::save(visit.metrics, exchange, &entry);
                return Ok(Next::Answer(answer));
            }
            None => (None, None),
        },
    };
    exchange.cached.outcome = controls.reads.then_some(Outcome::Miss);
    if controls.writes {
        let draft = Draft {
            keys,
            embedding: meaning,
            route: visit.route,
            backend,
            epoch,
            ttl: policy.ttl,
            text: visit.question.text,
        };
        let awaited = Awaited { flight, audited, values: visit.values };
        exchange.cached.recording = Some(Recording::new(caching, draft, awaited));
    }
    Ok(Next::Forward)
}

// === impl Visit ===

impl Visit<'_> {
    /// What the question means, where an answer to another text could be its own. An encoder that could not tell for who came
    /// before is not asked again.
    async fn meaning(
        &self,
        snapshot: &Snapshot,
        known: Option<Meaning>,
        degraded: Degraded,
    ) -> Result<Option<Meaning>, EncodeError> {
        let encoder = snapshot.router.encoder.as_ref().filter(|_| self.question.exact_only.is_none());
        let (Some(encoder), false) = (encoder, known.is_none() && Reason::is_unread(&degraded)) else {
            return Ok(None);
        };
        let meaning = match known {
            Some(meaning) => meaning,
            None if self.controls.reads
                && self.caching.cache.local().same(&self.keys.id, &self.keys.normal).is_some() =>
            {
                return Ok(None);
            }
            None => encoder.embed(&self.question.text).await?,
        };
        Ok(Some(meaning).filter(|meaning| meaning.is_whole))
    }

    async fn look(&self, meaning: Option<&Meaning>) -> Look {
        if !self.controls.reads {
            return Look::Miss { flight: None, audited: None };
        }
        let begun = Instant::now();
        let found = self.find(meaning).await;
        observe(&self.metrics.cache_lookup_seconds, begun.elapsed());
        let may_follow = self.caching.single_flight && self.controls.writes && !self.question.stream;
        let look = match found {
            Look::Miss { flight: None, audited: None } if may_follow && !self.caching.shadow => self.follow().await,
            look => look,
        };
        self.count(look)
    }

    /// The same text, or one of the same meaning.
    async fn find(&self, meaning: Option<&Meaning>) -> Look {
        let cache = &self.caching.cache;
        if let Some(entry) = cache.same(&self.keys, &self.route).await {
            return Look::Hit(entry, 1.0, Outcome::HitExact);
        }
        let Some(meaning) = meaning else { return Look::Miss { flight: None, audited: None } };
        let threshold = self.controls.threshold.unwrap_or(0.0).max(self.policy.threshold);
        let (text, embedding) = (&self.question.text, &meaning.embedding);
        let Near { hit, refused } = cache.near(&self.keys, &self.route, text, embedding, threshold).await;
        for (_, rule) in &refused {
            self.metrics.cache_refusals.with_label_values(&[rule.as_str()]).inc();
        }
        match hit {
            Some(hit) if fastrand::f64() < self.caching.audit => Look::Miss { flight: None, audited: Some(hit.entry) },
            Some(hit) => Look::Hit(hit.entry, hit.similarity, Outcome::HitSemantic),
            None => Look::Miss { flight: None, audited: None },
        }
    }

    /// Waits for the same question's answer, or goes ahead for all who ask after.
    async fn follow(&self) -> Look {
        let flight = match self.caching.cache.board(self.keys.id) {
            Boarding::Alone => None,
            Boarding::Follow(follower) => match follower.wait().await {
                Some(entry) => return Look::Hit(entry, 1.0, Outcome::HitExact),
                None => None,
            },
            // It may have landed since.
            Boarding::Lead(flight) => match self.caching.cache.local().same(&self.keys.id, &self.keys.normal) {
                Some(entry) => return Look::Hit(entry, 1.0, Outcome::HitExact),
                None => Some(flight),
            },
        };
        Look::Miss { flight, audited: None }
    }

    /// Counts what was found; in shadow mode, that is all that becomes of a hit.
    fn count(&self, look: Look) -> Look {
        let outcome = match &look {
            Look::Miss { .. } => Outcome::Miss.as_str(),
            Look::Hit(_, _, outcome) if self.caching.shadow => outcome.as_shadow(),
            Look::Hit(_, _, outcome) => outcome.as_str(),
        };
        self.metrics.cache_lookups.with_label_values(&[&*self.route, outcome]).inc();
        match look {
            Look::Hit(entry, similarity, _) if self.caching.shadow => {
                let (entry, route) = (entry.id, &self.route);
                info!("Would serve from cache [{route}] | {outcome} | Similarity: {similarity:.3} | Entry: {entry}");
                Look::Miss { flight: None, audited: None }
            }
            look => look,
        }
    }

    /// The stored answer as the client asked for it, with the values that this request has in the placeholders' place.
    /// None where it speaks of others.
    fn replay(&self, entry: &Entry) -> Option<Answer> {
        let fresh = Fresh::now();
        let answer = screened(&entry.answer, self.screen.as_ref())?;
        let answer = restored(&answer, self.values.as_ref())?;
        if self.question.stream {
            let events = replay::events(&answer, &fresh, self.question.include_usage)?;
            return Some(Answer::events(events));
        }
        Some(Answer::json(200, replay::json(&answer, &fresh)?))
    }
}
