//! Rules for routes, aliases and passthrough paths.

use super::super::file::{Classifier, Complexity, Passthrough, Route, Router, SignalClassifier, Signals};
use super::super::units::Threshold;
use super::super::{actions, signals};
use super::{Rules, Taken};
use crate::findings::{self, Findings};
use crate::intake::{Endpoint, PRIORITIES};
use crate::metrics::label;

/// What `x-pointsman-route` and the metrics say where no route was chosen.
const RESERVED: [&str; 5] = [label::DIRECT, label::DEFAULT, label::GUARDRAIL, label::PASSTHROUGH, label::NONE];

impl<'a> Rules<'a> {
    pub(super) fn router(&mut self) {
        let Router { embedding_model, default_backend, aliases, passthrough, routes, .. } = &self.file.router;
        if embedding_model.trim().is_empty() {
            self.findings.add("router.embedding_model", "must not be empty");
        }
        if let Some(name) = default_backend {
            self.backend("router.default_backend", name);
        }
        self.aliases(aliases);
        let mut names = Taken::default();
        for (i, route) in routes.iter().enumerate() {
            let path = findings::item("router.routes", i);
            self.unique(findings::key(&path, "name"), &route.name, &mut names);
            self.route(&path, route);
        }
        self.signals();
        let mut paths = Taken::default();
        for (i, entry) in passthrough.iter().enumerate() {
            let path = findings::item("router.passthrough", i);
            self.unique(findings::key(&path, "path"), &entry.path, &mut paths);
            self.passthrough(&path, entry);
        }
    }

    fn aliases(&mut self, aliases: &'a [String]) {
        let mut taken = Taken::default();
        for (i, alias) in aliases.iter().enumerate() {
            let path = findings::item("router.aliases", i);
            if alias.trim().is_empty() {
                self.findings.add(path, "must not be empty");
                continue;
            }
            let owner = self.file.backends.iter().position(|b| b.name == *alias || b.model == *alias);
            if let Some(owner) = owner {
                let quoted = self.quote(&path, alias);
                self.findings.add(path.as_str(), format!("{quoted} is the name or the model of backends[{owner}]"));
            }
            self.unique(path, alias, &mut taken);
        }
    }

    fn route(&mut self, path: &str, route: &'a Route) {
        let name = findings::key(path, "name");
        if RESERVED.contains(&route.name.as_str()) {
            let message = "must not be \"direct\", \"default\", \"guardrail\", \"passthrough\" or \"none\": those mean that no route was chosen";
            self.findings.add(name.as_str(), message);
        }
        self.name(name, &route.name);
        self.route_backends(path, route);
        self.within(findings::key(path, "request_priority"), route.request_priority, PRIORITIES);
        let samples = findings::key(path, "samples");
        if route.samples.is_empty() && route.when.is_none() {
            self.findings.add(path, "must have \"samples\", \"when\" or both");
        }
        if route.samples.is_empty() && route.threshold.is_some() {
            self.findings.add(findings::key(path, "threshold"), "does nothing without \"samples\"");
        }
        for (i, _) in route.samples.iter().enumerate().filter(|(_, sample)| sample.trim().is_empty()) {
            self.findings.add(findings::item(&samples, i), "must not be empty");
        }
        if let Some(Threshold::Least(least)) = route.threshold {
            // A chance, or a cosine.
            let chances = matches!(self.file.router.classifier, Some(Classifier::Auto | Classifier::Trained));
            self.within(findings::key(path, "threshold"), least, if chances { 0.0..=1.0 } else { -1.0..=1.0 });
        }
        self.route_cache(&findings::key(path, "cache"), &route.cache);
        self.route_actions(path, route);
    }

    /// What routes' rules ask for, and the rules themselves.
    fn signals(&mut self) {
        let Signals { complexity, classifiers, .. } = &self.file.router.signals;
        if let Some(Complexity { easy, hard }) = complexity {
            for (key, examples) in [("easy", easy), ("hard", hard)] {
                let path = findings::key("router.signals.complexity", key);
                if examples.is_empty() {
                    self.findings.add(path.as_str(), "must list at least one example");
                }
                self.filled(&path, examples);
            }
        }
        for (name, SignalClassifier { model, timeout }) in classifiers {
            let path = findings::key("router.signals.classifiers", name);
            if model.as_os_str().is_empty() {
                self.findings.add(findings::key(&path, "model"), "must not be empty");
            }
            if let Some(timeout) = timeout {
                self.lasting(findings::key(&path, "timeout"), *timeout);
            }
        }
        let mut found = Findings::default();
        signals::read(self.file, &mut found);
        for (path, message) in found.into_list() {
            // The rules' own words quote values, which may be secrets where they come from the environment.
            let message = match self.typed.within(&path) {
                Some(typed) => format!("must be something else than what \"{typed}\" gives"),
                None => message,
            };
            self.findings.add(path, message);
        }
    }

    fn route_backends(&mut self, path: &str, route: &'a Route) {
        match (&route.backend, route.backends.is_empty()) {
            (Some(name), true) => self.backend(&findings::key(path, "backend"), name),
            (Some(_), false) => self.findings.add(path, "must have \"backend\" or \"backends\", not both"),
            (None, true) if route.respond.is_some() => {}
            (None, true) => self.findings.add(path, "must have \"backend\" or \"backends\""),
            (None, false) => self.listed_backends(path, route),
        }
    }

    fn listed_backends(&mut self, path: &str, route: &Route) {
        let listed = match actions::listed(route) {
            Ok(listed) => listed,
            Err(problem) => return self.problems(path, [problem]),
        };
        let path = findings::key(path, "backends");
        for (i, backend) in listed.iter().enumerate() {
            let path = findings::item(&path, i);
            let path = if backend.weight().is_some() { findings::key(&path, "name") } else { path };
            self.backend(&path, backend.name());
            if let Some(other) = listed[..i].iter().position(|other| other.name() == backend.name()) {
                let message = format!("{} is there already, as backends[{other}]", self.quote(&path, backend.name()));
                self.findings.add(path, message);
            }
        }
    }

    fn passthrough(&mut self, path: &str, entry: &Passthrough) {
        let typed = findings::key(path, "path");
        let stem = entry.path.strip_suffix("/*").unwrap_or(&entry.path);
        if !entry.path.starts_with('/') {
            self.findings.add(typed, "must start with \"/\"");
        } else if stem.contains('*') {
            self.findings.add(typed, "may hold \"*\" only as a \"/*\" at its end");
        } else if stem.contains(['?', '#']) || !stem.chars().all(|c| c.is_ascii_graphic()) {
            self.findings.add(typed, "must be a path alone, in printable ASCII without spaces");
        } else if Endpoint::at(&entry.path).is_some_and(|served| served != Endpoint::Embeddings) {
            // Embeddings alone may be a backend's instead: an operator may want those of another model.
            self.findings.add(typed, "is a path that the router serves itself");
        }
        self.backend(&findings::key(path, "backend"), &entry.backend);
        let guardrails = &self.file.middleware.guardrails;
        if (guardrails.jailbreak_detection || guardrails.pii_masking) && !entry.unguarded {
            self.findings.add(path, "needs \"unguarded: true\", as the guardrails cannot read what passes here");
        }
    }
}
