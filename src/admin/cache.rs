//! `/cache`: what is kept, how often it hits, why something would or would not; and how to be rid of it.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Shared;
use crate::cache::{Caching, Candidate, Entry, EntryId, Keys, Kind, Millis, Place, Question, Remote, audit};
use crate::embed::Meaning;
use crate::failure::{Failure, Reason};
use crate::guard::Guard;
use crate::intake::{Endpoint, Pieces, Prompt, body};
use crate::openai;
use crate::proxy::Around;
use crate::record::Outcome;
use crate::route::{Asked, Pace, UnknownModel, signal};

/// Entries that are listed unless asked for otherwise, and at most.
const LISTED: usize = 20;
const MOST_LISTED: usize = 1000;

/// What of the entries is asked for.
#[derive(Deserialize)]
pub(super) struct Listing {
    route: Option<String>,
    limit: Option<usize>,
}

/// What is to be flushed; exactly one of the two.
#[derive(Deserialize)]
pub(super) struct Flush {
    route: Option<String>,
    #[serde(default)]
    all: bool,
}

/// For whom a lookup is explained.
#[derive(Deserialize)]
pub(super) struct For {
    tenant: Option<String>,
}

/// `GET /cache`
pub(super) async fn describe(State(shared): State<Arc<Shared>>, Query(listing): Query<Listing>) -> Response {
    let snapshot = shared.live.snapshot();
    let Some(caching) = &snapshot.caching else { return off() };
    let usage = caching.cache.usage();
    let routes: Vec<Value> = snapshot.route_labels().map(|route| rates(&shared, route)).collect();
    let listed = match listing.limit {
        Some(0) => Vec::new(),
        limit => list(caching, listing.route.as_deref(), limit.unwrap_or(LISTED).min(MOST_LISTED)),
    };
    let audited = |outcome| shared.metrics.cache_audits.with_label_values(&[outcome]).get();
    let (agree, disagree) = (audited("agree"), audited("disagree"));
    let (low, high) = audit::bounds(disagree, agree + disagree);
    Json(json!({
        "entries": usage.entries,
        "bytes": usage.bytes,
        "dropped": Map::from_iter(usage.dropped().map(|(why, count)| (why.to_owned(), count.into()))),
        "backend": remote(caching.cache.remote()),
        "shadow": caching.shadow,
        "routes": routes,
        "audits": { "compared": agree + disagree, "disagreed": disagree, "disagreement_95": [low, high] },
        "listed": listed,
    }))
    .into_response()
}

/// `DELETE /cache/ENTRY`
pub(super) async fn remove(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let snapshot = shared.live.snapshot();
    let Some(caching) = &snapshot.caching else { return off() };
    let id: EntryId = match id.parse() {
        Ok(id) => id,
        Err(error) => return refuse(&Failure::new(Reason::InvalidRequest, format!("{error}"))),
    };
    match caching.cache.remove(&id) {
        true => Json(json!({ "removed": 1 })).into_response(),
        false => (StatusCode::NOT_FOUND, Json(json!({ "removed": 0 }))).into_response(),
    }
}

/// `DELETE /cache?route=…` or `?all=true`
pub(super) async fn flush(State(shared): State<Arc<Shared>>, Query(flush): Query<Flush>) -> Response {
    let snapshot = shared.live.snapshot();
    let Some(caching) = &snapshot.caching else { return off() };
    let route = match (flush.route, flush.all) {
        (Some(route), false) if snapshot.route_labels().any(|known| **known == *route) => Some(route),
        (Some(route), false) => {
            return refuse(&Failure::new(Reason::InvalidRequest, format!("no route is named \"{route}\"")));
        }
        (None, true) => None,
        _ => return refuse(&Failure::new(Reason::InvalidRequest, "say either route=NAME or all=true")),
    };
    let cache = caching.cache.clone();
    match tokio::task::spawn_blocking(move || cache.flush(route.as_deref())).await {
        Ok(removed) => Json(json!({ "removed": removed })).into_response(),
        Err(panic) => (StatusCode::INTERNAL_SERVER_ERROR, panic.to_string()).into_response(),
    }
}

/// `POST /cache/lookup`: what the cache would do for a request's body, and why. Nothing is counted, served or kept.
pub(super) async fn lookup(State(shared): State<Arc<Shared>>, Query(of): Query<For>, body: Body) -> Response {
    match explain(&shared, of.tenant.as_deref().unwrap_or("default"), body).await {
        Ok(explanation) => Json(explanation).into_response(),
        Err(failure) => refuse(&failure),
    }
}

async fn explain(shared: &Shared, tenant: &str, body: Body) -> Result<Value, Failure> {
    let snapshot = shared.live.snapshot();
    let caching = snapshot.caching.as_ref();
    let caching = caching.ok_or_else(|| Failure::new(Reason::UnknownPath, "middleware.sem_cache is not enabled"))?;
    let limits = &snapshot.limits;
    let body = to_bytes(body, limits.body_size).await.map_err(|_| body::too_large(limits))?;
    let is_chat = serde_json::from_slice::<Value>(&body).is_ok_and(|body| body.get("prompt").is_none());
    let (endpoint, kind) =
        if is_chat { (Endpoint::Chat, Kind::Chat) } else { (Endpoint::Completions, Kind::Completion) };
    let prompt = Prompt::parse(endpoint, body)?;
    let model = prompt.model.as_deref();
    let Guarded { body, attack, kinds, is_partial, meaning, is_other_text } = match &snapshot.guard {
        Some(guard) => guarded(guard, endpoint, &prompt, tenant).await?,
        None => Guarded { body: prompt.body().clone(), ..Guarded::default() },
    };
    let reading = snapshot.router.read(endpoint, &prompt, false)?;
    let (around, said) = (Around::new(&snapshot, &HeaderMap::new(), None), reading.said());
    let request = signal::Request {
        model,
        tenant: Some(tenant),
        stream: prompt.stream,
        ..reading.request(prompt.text.as_deref(), &said, &around)
    };
    let kinds: Option<Vec<&str>> = kinds.as_ref().map(|kinds| kinds.iter().map(String::as_str).collect());
    let guarded = signal::Guarded { jailbreak: attack, pii: kinds.as_deref(), is_partial };
    let asked = Asked { request, ahead: reading.ahead(), guarded, meaning };
    let decided = snapshot.router.decide(&asked, Pace::Request(&shared.metrics)).await;
    let decision = decided.map_err(|UnknownModel| Failure::unknown_model(model.unwrap_or_default()))?;
    let chosen = snapshot.policy(&decision);
    let own = chosen.and_then(|policy| policy.arms.as_ref()?.order(prompt.conversation).next());
    let backend = &snapshot.backends[own.unwrap_or(decision.backend)].settings;
    let route = snapshot.route_label(&decision);
    let policy = caching.policy(route);
    let Some(question) = Question::read(kind, &body) else {
        return Ok(
            json!({ "decision": "bypass", "why": "numbers that cannot be compared exactly", "route": &**route }),
        );
    };
    let actions = chosen.and_then(|policy| policy.fingerprint(backend.family.as_ref(), None));
    let embedder = &caching.choice.embedder;
    let keys = Keys::of(&question, Place { tenant, route, model: &backend.model, embedder, actions });
    let routed_by = decision.meaning.as_ref().filter(|_| !is_other_text);
    let meaning = match (routed_by, &snapshot.router.encoder) {
        _ if question.exact_only.is_some() => None,
        (Some(meaning), _) => Some(meaning.clone()),
        (None, Some(encoder)) => encoder.embed(&question.text).await.ok(),
        (None, None) => None,
    };
    let exact_only = match (&question.exact_only, &meaning) {
        (Some(why), _) => Some(why.as_str()),
        (None, None) => Some("not-embedded"),
        (None, Some(meaning)) => (!meaning.is_whole).then_some("longer-than-the-encoder-reads"),
    };
    let same = caching.cache.same(&keys, route).await;
    let near = match meaning.filter(|_| exact_only.is_none()) {
        Some(meaning) => caching.cache.near(&keys, route, &question.text, &meaning.embedding, policy.threshold).await,
        None => Default::default(),
    };
    let decision = match (&same, &near.hit) {
        _ if !policy.enabled || (question.is_sampled && !policy.sampled) => "bypass",
        (Some(_), _) => Outcome::HitExact.as_str(),
        (None, Some(_)) => Outcome::HitSemantic.as_str(),
        (None, None) => Outcome::Miss.as_str(),
    };
    let refused = near.refused.iter().map(|(candidate, rule)| judged(candidate, Some(rule.as_str())));
    let candidates: Vec<Value> = refused.chain(near.hit.iter().map(|hit| judged(hit, None))).collect();
    Ok(json!({
        "decision": decision,
        "route": &**route,
        "backend": &*backend.name,
        "model": &*backend.model,
        "tenant": tenant,
        "scope": keys.scope.to_string(),
        "entry": keys.id.to_string(),
        "threshold": policy.threshold,
        "exact_only": exact_only,
        "same": same.map(|entry| shown(&entry)),
        "candidates": candidates,
    }))
}

/// A request as the guardrails leave it to the cache.
#[derive(Default)]
struct Guarded {
    body: Bytes,
    /// What was found in it.
    attack: Option<f64>,
    kinds: Option<Vec<String>>,
    /// Whether there may be more.
    is_partial: bool,
    /// What its text meant before.
    meaning: Option<Meaning>,
    /// Whether it is another text now.
    is_other_text: bool,
}

async fn guarded(guard: &Arc<Guard>, endpoint: Endpoint, prompt: &Prompt, tenant: &str) -> Result<Guarded, Failure> {
    let pieces = Arc::new(Pieces::read(endpoint, prompt.body())?);
    let inspection = guard.inspect(&pieces).await;
    let (attack, is_partial) = (inspection.attack(), inspection.gap.is_some());
    let kinds = inspection.kinds().map(|kinds| kinds.into_iter().map(str::to_owned).collect());
    let masking = guard.mask(&pieces, inspection.findings, tenant, prompt.body()).await?;
    let meaning = inspection.meaning;
    let (body, is_other_text) = match masking {
        Some(masking) => (masking.cached, masking.is_other_text),
        None => (prompt.body().clone(), false),
    };
    Ok(Guarded { body, attack, kinds, is_partial, meaning, is_other_text })
}

/// A candidate, and the gate's word on it.
fn judged(candidate: &Candidate, refused_by: Option<&str>) -> Value {
    let mut shown = shown(&candidate.entry);
    shown["similarity"] = json!(candidate.similarity);
    shown["refused_by"] = json!(refused_by);
    shown
}

/// An entry without its question and its answer, which are for nobody's eyes.
fn shown(entry: &Entry) -> Value {
    let now = Millis::now();
    json!({
        "entry": entry.id.to_string(),
        "route": entry.route,
        "backend": entry.backend,
        "age": now.since(entry.stored_at).as_secs(),
        "ends_in": entry.expires_at.since(now).as_secs(),
        "bytes": entry.bytes(),
        "semantic": entry.embedding.is_some(),
    })
}

/// The newest entries, of one route or of all.
fn list(caching: &Caching, route: Option<&str>, limit: usize) -> Vec<Value> {
    let mut entries = caching.cache.local().entries();
    entries.retain(|entry| route.is_none_or(|route| *entry.route == *route));
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.stored_at, entry.id)));
    entries.iter().take(limit).map(|entry| shown(entry)).collect()
}

/// How often a route's questions were answered from the cache.
fn rates(shared: &Shared, route: &str) -> Value {
    let count = |outcome: &str| shared.metrics.cache_lookups.with_label_values(&[route, outcome]).get();
    let [exact, semantic, miss] =
        [Outcome::HitExact, Outcome::HitSemantic, Outcome::Miss].map(|outcome| count(outcome.as_str()));
    let shadow = count(Outcome::HitExact.as_shadow()) + count(Outcome::HitSemantic.as_shadow());
    let lookups = exact + semantic + miss + shadow;
    let share = |count: u64| if lookups == 0 { 0.0 } else { count as f64 / lookups as f64 };
    json!({
        "route": route,
        "lookups": lookups,
        "hit_exact": share(exact),
        "hit_semantic": share(semantic),
        "shadow_hits": share(shadow),
    })
}

fn remote(remote: &Remote) -> Value {
    let Some(report) = remote.report() else { return json!({ "kind": "memory" }) };
    let mut shown: Map<String, Value> =
        report.counts.into_iter().map(|(what, count)| (what.into(), count.into())).collect();
    shown.insert("kind".into(), report.kind.into());
    shown.insert("state".into(), report.state.to_string().into());
    shown.into()
}

fn off() -> Response {
    refuse(&Failure::new(Reason::UnknownPath, "middleware.sem_cache is not enabled"))
}

fn refuse(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.reason.status()).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(header::CONTENT_TYPE, "application/json")], openai::error::body(failure)).into_response()
}
