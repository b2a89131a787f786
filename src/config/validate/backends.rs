//! Rules for backends and their peers.

use super::super::file::{Backend, Balance, Breaker, Health, Peer, Queue, Scrape, Timeouts};
use super::{Rules, Taken};
use crate::findings::{self, Findings};
use crate::upstream::{Origin, RetryOn};

/// The rules for one peer, wherever it is listed.
pub(in super::super) fn peer(path: &str, Peer { url, weight, host }: &Peer, findings: &mut Findings) {
    check_url(findings::key(path, "url"), url, findings);
    if !(1..=1000).contains(weight) {
        findings.add(findings::key(path, "weight"), "must be between 1 and 1000");
    }
    let is_host = |host: &String| host.parse::<http::uri::Authority>().is_ok() && !host.contains('@');
    if host.as_ref().is_some_and(|host| !is_host(host)) {
        findings.add(findings::key(path, "host"), "must be a host's name, perhaps with a port");
    }
}

fn check_url(path: String, url: &str, findings: &mut Findings) {
    if let Err(error) = Origin::parse(url, None, 1) {
        findings.add(path, error.to_string());
    }
}

impl<'a> Rules<'a> {
    pub(super) fn backends(&mut self) {
        let backends = &self.file.backends;
        if backends.is_empty() {
            self.findings.add("backends", "must list at least one backend");
        }
        let (mut names, mut models) = (Taken::default(), Taken::default());
        for (i, backend) in backends.iter().enumerate() {
            let path = findings::item("backends", i);
            self.name(findings::key(&path, "name"), &backend.name);
            self.unique(findings::key(&path, "name"), &backend.name, &mut names);
            if backend.model.trim().is_empty() {
                self.findings.add(findings::key(&path, "model"), "must not be empty");
            }
            self.unique(findings::key(&path, "model"), &backend.model, &mut models);
            self.peers(&path, backend);
            self.credentials(&path, backend);
            self.health(&findings::key(&path, "health"), &backend.health);
            self.timeouts(&findings::key(&path, "timeouts"), &backend.timeouts);
            self.lasting(findings::key(&path, "resolve_interval"), backend.resolve_interval);
            self.balance(&path, backend);
            self.retries(&path, backend);
            self.breaker(&findings::key(&path, "breaker"), &backend.breaker);
            self.admission(&path, backend);
            self.reasoning_family(&path, backend);
        }
        self.names_and_models();
    }

    /// A request names a backend or a model; one name must not mean two backends.
    fn names_and_models(&mut self) {
        let backends = &self.file.backends;
        for (i, backend) in backends.iter().enumerate() {
            let other = backends.iter().enumerate().position(|(j, other)| i != j && other.model == backend.name);
            if let Some(other) = other {
                let path = format!("backends[{i}].name");
                let quoted = self.quote(&path, &backend.name);
                self.findings.add(path, format!("{quoted} is the model of backends[{other}]"));
            }
        }
    }

    fn peers(&mut self, path: &str, backend: &Backend) {
        if backend.url.is_none() && backend.peers.is_empty() && backend.peers_file.is_none() {
            self.findings.add(path, "must have \"url\", \"peers\" or \"peers_file\"");
        }
        if let Some(url) = &backend.url {
            check_url(findings::key(path, "url"), url, &mut self.findings);
        }
        for (i, listed) in backend.peers.iter().enumerate() {
            peer(&findings::item(&findings::key(path, "peers"), i), listed, &mut self.findings);
        }
    }

    fn credentials(&mut self, path: &str, backend: &Backend) {
        let has_key = backend.api_key_env.is_some() || backend.api_key_file.is_some();
        if backend.api_key_env.is_some() && backend.api_key_file.is_some() {
            self.findings.add(path, "must have \"api_key_env\" or \"api_key_file\", not both");
        }
        if has_key && backend.forward_auth {
            let message = "must be off where the backend has an API key: only one of the two can be sent";
            self.findings.add(findings::key(path, "forward_auth"), message);
        }
    }

    fn health(&mut self, path: &str, health: &Health) {
        self.asked_path(path, health.path.as_deref());
        self.lasting(findings::key(path, "interval"), health.interval);
        self.lasting(findings::key(path, "timeout"), health.timeout);
        self.within(findings::key(path, "fall"), health.fall, 1..=1000);
        self.within(findings::key(path, "rise"), health.rise, 1..=1000);
    }

    /// The `path` of what is asked of a peer regularly.
    fn asked_path(&mut self, path: &str, asked: Option<&str>) {
        let is_path = |asked: &str| asked.starts_with('/') && asked.parse::<http::uri::PathAndQuery>().is_ok();
        if asked.is_some_and(|asked| !is_path(asked)) {
            self.findings.add(findings::key(path, "path"), "must be a path that starts with \"/\"");
        }
    }

    fn timeouts(&mut self, path: &str, timeouts: &Timeouts) {
        let Timeouts { connect, write, first_byte, idle, request, keep_alive } = *timeouts;
        let spans = [
            ("connect", connect),
            ("write", write),
            ("first_byte", first_byte),
            ("idle", idle),
            ("request", request),
            ("keep_alive", keep_alive),
        ];
        for (name, span) in spans {
            self.lasting(findings::key(path, name), span);
        }
    }

    fn balance(&mut self, path: &str, backend: &Backend) {
        if let Some(name) = &backend.affinity_header {
            let path = findings::key(path, "affinity_header");
            if name.parse::<http::HeaderName>().is_err() {
                self.findings.add(path, "must be a header's name");
            } else if backend.balance != Balance::PrefixAffinity {
                self.findings.add(path, "means something only with \"balance: prefix_affinity\"");
            }
        }
        self.bounded(findings::key(path, "slow_start"), backend.slow_start);
        let path = findings::key(path, "metrics");
        let Scrape { path: asked, interval, timeout } = &backend.metrics;
        self.asked_path(&path, asked.as_deref());
        self.bounded(findings::key(&path, "interval"), *interval);
        self.lasting(findings::key(&path, "timeout"), *timeout);
    }

    fn retries(&mut self, path: &str, backend: &Backend) {
        self.within(findings::key(path, "retries"), backend.retries, 0..=10);
        for (i, kind) in backend.retry_on.iter().enumerate() {
            if let RetryOn::Status(status) = kind.0 {
                self.within(findings::item(&findings::key(path, "retry_on"), i), status, 400..=599);
            }
        }
        self.within(findings::key(path, "retry_budget"), backend.retry_budget, 0.0..=1.0);
    }

    fn breaker(&mut self, path: &str, breaker: &Breaker) {
        let Breaker { faults, share, open, max_open, max_ejected } = *breaker;
        self.within(findings::key(path, "faults"), faults, 1..=1000);
        self.within(findings::key(path, "share"), share, 0.01..=1.0);
        self.lasting(findings::key(path, "open"), open);
        self.lasting(findings::key(path, "max_open"), max_open);
        if max_open.0 < open.0 {
            self.findings.add(findings::key(path, "max_open"), "must not be shorter than \"open\"");
        }
        self.within(findings::key(path, "max_ejected"), max_ejected, 0.0..=1.0);
    }

    fn admission(&mut self, path: &str, backend: &Backend) {
        self.within(findings::key(path, "max_in_flight"), backend.max_in_flight, 0..=10_000_000);
        self.within(findings::key(path, "peer_max_in_flight"), backend.peer_max_in_flight, 0..=10_000_000);
        let path = findings::key(path, "queue");
        let Queue { size, timeout } = backend.queue;
        self.within(findings::key(&path, "size"), size, 0..=100_000);
        self.lasting(findings::key(&path, "timeout"), timeout);
    }
}
