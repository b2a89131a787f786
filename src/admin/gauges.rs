//! The gauges that show live state are brought up to date when they are read.

use std::time::Instant;

use super::Shared;
use crate::cache::State;
use crate::upstream::{Health, PeerStatus};

pub(super) fn update(shared: &Shared) {
    let metrics = &shared.metrics;
    let snapshot = shared.live.snapshot();
    // Peers and backends that are gone leave no series behind.
    metrics.leases.reset();
    metrics.peer_up.reset();
    metrics.peers.reset();
    metrics.peer_load.reset();
    metrics.peer_ejected.reset();
    metrics.peer_draining.reset();
    metrics.queue_waiting.reset();
    metrics.failed_scrapes.reset();
    for backend in &snapshot.backends {
        let name = &*backend.settings.name;
        let states = [Health::Unknown, Health::Up { failures: 0 }, Health::Down { successes: 0 }];
        states.iter().for_each(|state| metrics.peers.with_label_values(&[name, state.as_str()]).set(0));
        metrics.queue_waiting.with_label_values(&[name]).set(backend.pool.waiting() as i64);
        metrics.failed_scrapes.with_label_values(&[name]).set(backend.pool.failed_scrapes() as i64);
        let (slow_start, up_since) = (backend.settings.slow_start, backend.up_since());
        for (peer, load) in backend.loads() {
            let (address, health) = (peer.address.to_string(), peer.state.health());
            let (status, _) = PeerStatus::of(&peer.state, slow_start, up_since);
            metrics.peer_load.with_label_values(&[name, &address]).set(load);
            metrics.peer_ejected.with_label_values(&[name, &address]).set(i64::from(status == PeerStatus::Ejected));
            metrics.peer_draining.with_label_values(&[name, &address]).set(i64::from(peer.state.is_draining()));
            metrics.leases.with_label_values(&[name, &address]).set(peer.state.leases() as i64);
            metrics.peer_up.with_label_values(&[name, &address]).set(i64::from(health.is_up()));
            metrics.peers.with_label_values(&[name, health.as_str()]).inc();
        }
    }
    if let Some(encoder) = snapshot.encoder() {
        metrics.encoder_waiting.set(encoder.depth() as i64);
        let stats = encoder.stats();
        for (outcome, count) in stats.outcomes() {
            metrics.encoder_jobs.with_label_values(&[outcome]).set(count as i64);
        }
        for (outcome, count) in stats.memo() {
            metrics.encoder_memo.with_label_values(&[outcome]).set(count as i64);
        }
        metrics.encoder_batches.set(stats.batches() as i64);
        for (of, texts, bytes) in stats.unread() {
            metrics.encoder_unread_texts.with_label_values(&[of]).set(texts as i64);
            metrics.encoder_unread_bytes.with_label_values(&[of]).set(bytes as i64);
        }
    }
    if let Some(caching) = &snapshot.caching {
        let usage = caching.cache.usage();
        metrics.cache_entries.set(usage.entries as i64);
        metrics.cache_bytes.set(usage.bytes as i64);
        for (why, count) in usage.dropped() {
            metrics.cache_dropped.with_label_values(&[why]).set(count as i64);
        }
        if let Some(report) = caching.cache.remote().report() {
            metrics.cache_remote_up.with_label_values(&[report.kind]).set(i64::from(report.state == State::Up));
            for (what, count) in report.counts {
                metrics.cache_remote.with_label_values(&[report.kind, what]).set(count as i64);
            }
        }
    }
    metrics.budget_used.reset();
    for (owner, budget) in snapshot.accounts.budgets() {
        for (unit, share) in budget.used(Instant::now()) {
            metrics.budget_used.with_label_values(&[owner.kind(), owner.name(), unit.as_str()]).set(share);
        }
    }
    metrics.log_lines_lost.set(shared.log.lost() as i64);
}
