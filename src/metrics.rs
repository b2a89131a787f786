//! Every metric of the router, registered once. Labels come from the config and from closed enums only.

use std::time::Duration;

use prometheus::{
    CounterVec, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// From 50 µs, a decision without an embedding, to 300 s, a long answer.
const SECONDS: &[f64] = &[
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 120.0, 300.0,
];

/// What money is counted by.
const SPENT_BY: &[&str] = &["backend", "route"];

/// The metrics, by what they count.
#[allow(missing_docs, reason = "each is described where it is registered")]
pub struct Metrics {
    registry: Registry,
    pub requests: IntCounterVec,
    pub failures: IntCounterVec,
    pub retries: IntCounterVec,
    pub degraded: IntCounterVec,
    pub guard_verdicts: IntCounterVec,
    pub guard_entities: IntCounterVec,
    pub guard_seconds: Histogram,
    pub in_flight: IntGauge,
    pub decisions: IntCounterVec,
    pub decision_seconds: Histogram,
    pub embedding_seconds: Histogram,
    pub classifier_seconds: Histogram,
    pub first_byte_seconds: HistogramVec,
    pub request_seconds: HistogramVec,
    pub broken_streams: IntCounterVec,
    pub cache_lookups: IntCounterVec,
    pub cache_refusals: IntCounterVec,
    pub cache_stored: IntCounterVec,
    pub cache_audits: IntCounterVec,
    pub cache_lookup_seconds: Histogram,
    pub cache_entries: IntGauge,
    pub cache_bytes: IntGauge,
    pub cache_dropped: IntGaugeVec,
    pub cache_remote_up: IntGaugeVec,
    pub cache_remote: IntGaugeVec,
    pub outcomes: IntCounterVec,
    pub ejections: IntCounterVec,
    pub retries_refused: IntCounterVec,
    pub fallbacks: IntCounterVec,
    pub mirrored: IntCounterVec,
    pub queue_seconds: HistogramVec,
    pub queue_refused: IntCounterVec,
    pub queue_waiting: IntGaugeVec,
    pub failed_scrapes: IntGaugeVec,
    pub peer_load: GaugeVec,
    pub peer_ejected: IntGaugeVec,
    pub peer_draining: IntGaugeVec,
    pub leases: IntGaugeVec,
    pub peer_up: IntGaugeVec,
    pub peers: IntGaugeVec,
    pub encoder_waiting: IntGauge,
    pub encoder_jobs: IntGaugeVec,
    pub encoder_batches: IntGauge,
    pub encoder_memo: IntGaugeVec,
    pub encoder_unread_texts: IntGaugeVec,
    pub encoder_unread_bytes: IntGaugeVec,
    pub tokens: IntCounterVec,
    pub usage_estimated: IntCounterVec,
    pub cost: CounterVec,
    pub saved: CounterVec,
    pub over_budget: IntCounterVec,
    pub budget_used: GaugeVec,
    pub sticky: IntCounterVec,
    pub log_lines_lost: IntGauge,
    pub reloads: IntCounter,
    pub reload_failures: IntCounter,
    pub config_loaded_at: Gauge,
}

// === impl Metrics ===

impl Metrics {
    /// Registers every metric, each under `pointsman_`.
    pub fn new() -> prometheus::Result<Self> {
        let new = Builder { registry: Registry::new() };
        Ok(Self {
            requests: new.counters(
                "requests_total",
                "Requests answered, by the answer's status class (0xx: the client left first)",
                &["route", "backend", "status"],
            )?,
            failures: new.counters("failures_total", "Errors that the router itself answered with", &["reason"])?,
            retries: new.counters("retries_total", "Attempts sent on to another peer", &["backend", "reason"])?,
            degraded: new.counters("degraded_total", "Requests served with a part out of order", &["reason"])?,
            guard_verdicts: new.counters(
                "guard_verdicts_total",
                "Requests by what a guardrail made of them",
                &["guardrail", "verdict"],
            )?,
            guard_entities: new.counters(
                "guard_entities_total",
                "Personal data found in requests, and what became of it",
                &["entity", "operator"],
            )?,
            guard_seconds: new
                .histogram("guard_seconds", "Looking through a request, time in the encoder's queue included")?,
            in_flight: new.gauge("requests_in_flight", "Requests being served")?,
            decisions: new.counters(
                "decisions_total",
                "Requests by their route and why they went there",
                &["route", "reason"],
            )?,
            decision_seconds: new
                .histogram("decision_seconds", "From a request's last byte to its decision, embedding included")?,
            embedding_seconds: new.histogram("embedding_seconds", "Embedding a prompt, time in the queue included")?,
            classifier_seconds: new.histogram(
                "classifier_seconds",
                "Asking the classifiers of routes' rules, time in the queue included",
            )?,
            first_byte_seconds: new.histograms(
                "time_to_first_byte_seconds",
                "From a request's last byte to its answer's first",
                &["backend"],
            )?,
            request_seconds: new.histograms(
                "request_seconds",
                "From a request's head to its answer's last byte",
                &["backend"],
            )?,
            broken_streams: new.counters("broken_streams_total", "Streams that a peer broke off", &["backend"])?,
            cache_lookups: new.counters(
                "cache_lookups_total",
                "Looks into the cache by what they came to (shadow-…: in shadow mode, answered afresh)",
                &["route", "outcome"],
            )?,
            cache_refusals: new.counters(
                "cache_refusals_total",
                "Candidates above the threshold that the gate refused",
                &["rule"],
            )?,
            cache_stored: new.counters("cache_answers_total", "Answers that were to be kept", &["outcome"])?,
            cache_audits: new.counters(
                "cache_audits_total",
                "Semantic hits that were answered afresh and compared",
                &["outcome"],
            )?,
            cache_lookup_seconds: new
                .histogram("cache_lookup_seconds", "A look into the cache, given the embedding")?,
            cache_entries: new.gauge("cache_entries", "Entries in memory")?,
            cache_bytes: new.gauge("cache_bytes", "Their size in memory")?,
            cache_dropped: new.gauges("cache_dropped", "Entries that memory gave up, or did not index", &["why"])?,
            cache_remote_up: new.gauges("cache_remote_up", "1 while Redis or Milvus can be reached", &["remote"])?,
            cache_remote: new.gauges("cache_remote", "What passed to and from Redis or Milvus", &["remote", "what"])?,
            outcomes: new.counters("outcomes_total", "Attempts by how they fared", &["backend", "outcome"])?,
            ejections: new.counters("ejections_total", "Peers ejected for their faults", &["backend"])?,
            retries_refused: new.counters(
                "retries_refused_total",
                "Retries that were beyond the retry budget",
                &["backend"],
            )?,
            fallbacks: new.counters("fallbacks_total", "Requests that a backend could not serve", &["backend"])?,
            mirrored: new.counters(
                "mirrored_total",
                "Copies of requests by what became of them (busy: not sent, as there was too much to do; unreachable: as no peer is in service)",
                &["backend", "outcome"],
            )?,
            queue_seconds: new.histograms(
                "queue_seconds",
                "Waiting for a place, where there are limits",
                &["backend"],
            )?,
            queue_refused: new.counters(
                "queue_refused_total",
                "Requests that found no place, nor one to wait in, or waited in vain",
                &["backend", "why"],
            )?,
            queue_waiting: new.gauges("queue_waiting", "Requests that wait for a place", &["backend"])?,
            failed_scrapes: new.gauges("scrape_failures_total", "Scrapes of peers that failed", &["backend"])?,
            peer_load: new.loads(
                "peer_load",
                "A peer's load as the choice sees it, in requests",
                &["backend", "peer"],
            )?,
            peer_ejected: new.gauges("peer_ejected", "1 while a peer's faults keep it out", &["backend", "peer"])?,
            peer_draining: new.gauges("peer_draining", "1 while an operator keeps it out", &["backend", "peer"])?,
            leases: new.gauges("peer_leases", "Requests in flight on a peer", &["backend", "peer"])?,
            peer_up: new.gauges("peer_up", "1 while a peer's health checks pass", &["backend", "peer"])?,
            peers: new.gauges("peers", "A backend's peers by state", &["backend", "state"])?,
            encoder_waiting: new.gauge("encoder_waiting", "Pieces of texts that wait for an inference thread")?,
            encoder_jobs: new.gauges(
                "encoder_jobs",
                "Pieces of texts by how the encoder was done with them",
                &["outcome"],
            )?,
            encoder_batches: new.gauge("encoder_batches", "Runs of the model, each for one piece or several")?,
            encoder_memo: new.gauges("encoder_memo_total", "Pieces that the memo had or had not", &["outcome"])?,
            encoder_unread_texts: new.gauges(
                "encoder_unread_texts",
                "Texts that were too long to be seen whole",
                &["use"],
            )?,
            encoder_unread_bytes: new.gauges("encoder_unread_bytes", "Bytes of them that were not seen", &["use"])?,
            tokens: new.counters(
                "tokens_total",
                "Tokens of answered requests, by their usage",
                &["backend", "kind"],
            )?,
            usage_estimated: new.counters(
                "usage_estimated_total",
                "Answers that did not tell their usage, so that it was estimated",
                &["backend"],
            )?,
            cost: new.amounts("cost_total", "What answers cost, by their usage and their backend's price", SPENT_BY)?,
            saved: new.amounts(
                "saved_total",
                "What answers would have cost more at the dearest backend; from the cache, all of that",
                SPENT_BY,
            )?,
            over_budget: new.counters(
                "over_budget_total",
                "Requests sent on as a route's or a backend's budget was spent",
                &["kind", "owner"],
            )?,
            budget_used: new.loads(
                "budget_used",
                "The share of a budget's limit that is spent (1: all of it)",
                &["kind", "owner", "unit"],
            )?,
            sticky: new.counters(
                "sticky_total",
                "Turns of conversations that keep their backend, by what became of them",
                &["outcome"],
            )?,
            log_lines_lost: new.gauge("log_lines_lost", "Log lines given up because the log's reader is slow")?,
            reloads: new.counter("config_reloads_total", "Configs put in force after the first")?,
            reload_failures: new.counter("config_reload_failures_total", "Configs refused; the old one stayed")?,
            config_loaded_at: new.time("config_loaded_timestamp_seconds", "When the config in force was loaded")?,
            registry: new.registry,
        })
    }

    /// The text that Prometheus scrapes.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// What stands in place of a name that there is none of.
pub mod label {
    /// The route of a client that named a backend or its model.
    pub const DIRECT: &str = "direct";
    /// The route where none passed, or none was asked for.
    pub const DEFAULT: &str = "default";
    /// The route of an attempt to override instructions, where the guardrails choose its backend.
    pub const GUARDRAIL: &str = "guardrail";
    /// The route of a path that is handed on as it is.
    pub const PASSTHROUGH: &str = "passthrough";
    /// The route or backend of what went nowhere.
    pub const NONE: &str = "none";
}

/// The label for a status: its class, or `0xx` where nothing was answered.
pub fn status_class(status: Option<u16>) -> &'static str {
    match status.unwrap_or(0) / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "0xx",
    }
}

/// Puts a span into a histogram of seconds.
pub fn observe(histogram: &Histogram, span: Duration) {
    histogram.observe(span.as_secs_f64());
}

struct Builder {
    registry: Registry,
}

// === impl Builder ===

impl Builder {
    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.register(IntCounter::with_opts(options(name, help))?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.register(IntCounterVec::new(options(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.register(IntGauge::with_opts(options(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.register(IntGaugeVec::new(options(name, help), labels)?)
    }

    fn amounts(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<CounterVec> {
        self.register(CounterVec::new(options(name, help), labels)?)
    }

    fn loads(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
        self.register(GaugeVec::new(options(name, help), labels)?)
    }

    fn time(&self, name: &str, help: &str) -> prometheus::Result<Gauge> {
        self.register(Gauge::with_opts(options(name, help))?)
    }

    fn histogram(&self, name: &str, help: &str) -> prometheus::Result<Histogram> {
        self.register(Histogram::with_opts(buckets(name, help))?)
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<HistogramVec> {
        self.register(HistogramVec::new(buckets(name, help), labels)?)
    }

    fn register<C: prometheus::core::Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("pointsman")
}

fn buckets(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts { common_opts: options(name, help), buckets: SECONDS.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered_under_our_prefix() {
        let metrics = Metrics::new().unwrap();
        metrics.requests.with_label_values(&["chitchat", "fast-chat", status_class(Some(200))]).inc();
        observe(&metrics.decision_seconds, Duration::from_micros(70));
        let text = String::from_utf8(metrics.render().unwrap()).unwrap();
        assert!(text.contains(r#"pointsman_requests_total{backend="fast-chat",route="chitchat",status="2xx"} 1"#));
        assert!(text.contains(r#"pointsman_decision_seconds_bucket{le="0.0001"} 1"#));
    }
}
