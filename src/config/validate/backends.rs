//! Rules for backends and their peers.

use super::super::file::{Backend, Health, Peer, Timeouts};
use super::super::problem;
use super::{Rules, Taken};
use crate::upstream::Origin;

impl<'a> Rules<'a> {
    pub(super) fn backends(&mut self) {
        let backends = &self.file.backends;
        if backends.is_empty() {
            self.findings.add("backends", "must list at least one backend");
        }
        let (mut names, mut models) = (Taken::default(), Taken::default());
        for (i, backend) in backends.iter().enumerate() {
            let path = problem::item("backends", i);
            self.name(problem::key(&path, "name"), &backend.name);
            self.unique(problem::key(&path, "name"), &backend.name, &mut names);
            if backend.model.trim().is_empty() {
                self.findings.add(problem::key(&path, "model"), "must not be empty");
            }
            self.unique(problem::key(&path, "model"), &backend.model, &mut models);
            self.peers(&path, backend);
            self.credentials(&path, backend);
            self.health(&problem::key(&path, "health"), &backend.health);
            self.timeouts(&problem::key(&path, "timeouts"), &backend.timeouts);
            self.lasting(problem::key(&path, "resolve_interval"), backend.resolve_interval);
            self.within(problem::key(&path, "retries"), backend.retries, 0..=10);
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
        if backend.url.is_none() && backend.peers.is_empty() {
            self.findings.add(path, "must have \"url\" or \"peers\"");
        }
        if let Some(url) = &backend.url {
            self.url(problem::key(path, "url"), url);
        }
        for (i, Peer { url, weight, host }) in backend.peers.iter().enumerate() {
            let path = problem::item(&problem::key(path, "peers"), i);
            self.url(problem::key(&path, "url"), url);
            self.within(problem::key(&path, "weight"), *weight, 1..=1000);
            let is_host = |host: &String| host.parse::<http::uri::Authority>().is_ok() && !host.contains('@');
            if host.as_ref().is_some_and(|host| !is_host(host)) {
                self.findings.add(problem::key(&path, "host"), "must be a host's name, perhaps with a port");
            }
        }
    }

    fn url(&mut self, path: String, url: &str) {
        if let Err(error) = Origin::parse(url, None, 1) {
            self.findings.add(path, error.to_string());
        }
    }

    fn credentials(&mut self, path: &str, backend: &Backend) {
        let has_key = backend.api_key_env.is_some() || backend.api_key_file.is_some();
        if backend.api_key_env.is_some() && backend.api_key_file.is_some() {
            self.findings.add(path, "must have \"api_key_env\" or \"api_key_file\", not both");
        }
        if has_key && backend.forward_auth {
            let message = "must be off where the backend has an API key: only one of the two can be sent";
            self.findings.add(problem::key(path, "forward_auth"), message);
        }
    }

    fn health(&mut self, path: &str, health: &Health) {
        if let Some(asked) = &health.path
            && (!asked.starts_with('/') || asked.parse::<http::uri::PathAndQuery>().is_err())
        {
            self.findings.add(problem::key(path, "path"), "must be a path that starts with \"/\"");
        }
        self.lasting(problem::key(path, "interval"), health.interval);
        self.lasting(problem::key(path, "timeout"), health.timeout);
        self.within(problem::key(path, "fall"), health.fall, 1..=1000);
        self.within(problem::key(path, "rise"), health.rise, 1..=1000);
    }

    fn timeouts(&mut self, path: &str, timeouts: &Timeouts) {
        let Timeouts { connect, read, write, idle } = *timeouts;
        for (name, span) in [("connect", connect), ("read", read), ("write", write), ("idle", idle)] {
            self.lasting(problem::key(path, name), span);
        }
    }
}
